"""CSV and JSON files hold no types: Spark guesses them from the new rows, which a model may know better."""

from typing import Any

from sparktune.columns.encoders.category import CategoryEncoder
from sparktune.columns.schema import Feature, Schema
from sparktune.scoring.signature import quoted
from sparktune.scoring.table_io import file_format, is_path, readable
from sparktune.scoring.text_files import reading_options
from sparktune.scoring.types import MOMENTS, own_names

GUESSED = ("csv", "json")


def with_training_types(spark: Any, source: str, frame: Any, schema: Schema) -> Any:
    """The rows of `source` with the types of training where Spark cannot know them; of other formats as is.

    A CSV column that was text in training is text again: `01234` is no number. A cell such as NA, NULL or nan
    is missing, as in training, unless it is one of the words that training has found in that column. A
    column without any value, which Spark takes for text, has its type of training. Other columns keep the
    type that Spark has read.

    Raises:
        ScoringError: a feature column is missing.
    """
    if not is_path(source) or file_format(source) not in GUESSED:
        return frame
    names = own_names(schema, frame.columns, spark.conf.get("spark.sql.caseSensitive") == "true")
    features = {
        name: feature for name, feature in zip(names, schema.features, strict=True) if not feature.shape
    }
    types = {
        name: "double" if feature.encoder is None else feature.dtype for name, feature in features.items()
    }
    csv = file_format(source) == "csv"
    if csv:
        frame = _with_text(spark, source, frame, {name for name, kind in types.items() if kind == "string"})
        frame = _with_missing_cells(frame, features)
    return _as_read(frame, {name: kind for name, kind in types.items() if kind != "string"}, csv)


def _with_text(spark: Any, source: str, frame: Any, words: set[str]) -> Any:
    """The rows of a CSV file, with these columns as text."""
    from pyspark.sql.types import StringType, StructField, StructType

    fields = frame.schema.fields
    if all(field.dataType.typeName() == "string" for field in fields if field.name in words):
        return frame
    typed = [
        StructField(field.name, StringType() if field.name in words else field.dataType) for field in fields
    ]
    place = readable(spark, source)
    options = reading_options(spark, place, "csv")
    return spark.read.load(place, format="csv", schema=StructType(typed), **options)


def _with_missing_cells(frame: Any, features: dict[str, Feature]) -> Any:
    """The rows of a CSV file with NULL for what training reads as missing in text."""
    from pyarrow.csv import ConvertOptions
    from pyspark.sql.functions import col, when

    missing = {*ConvertOptions().null_values} - {""}  # Spark has read those without any text as NULL
    read = {}
    for name, feature in features.items():
        if frame.schema[name].dataType.typeName() == "string":
            known = feature.encoder.levels if isinstance(feature.encoder, CategoryEncoder) else ()
            read[name] = when(~col(quoted(name)).isin(*(missing - {*known})), col(quoted(name)))
    return frame.withColumns(read)


def _as_read(frame: Any, types: dict[str, str], csv: bool) -> Any:
    """The rows; of these columns each that is text gets its type, where no value is lost by that.

    Text is read as numbers or truth values in CSV files alone; in others a column without any value is cast.
    """
    from pyspark.sql.functions import col, count, when

    tried = [
        (name, kind, col(quoted(name)).try_cast(kind).isNull() if parsed else col(quoted(name)).isNotNull())
        for name in types
        if frame.schema[name].dataType.typeName() == "string"
        for kind, parsed in [(types[name], False), *((kind, True) for kind in _read_as(types[name]) if csv)]
    ]
    if not tried:
        return frame
    lost = [count(when(lost, col(quoted(name)))).alias(str(i)) for i, (name, _, lost) in enumerate(tried)]
    counts = frame.agg(*lost).first()
    kinds: dict[str, str] = {}
    for (name, kind, _), values in zip(tried, counts, strict=True):
        if not values:
            kinds.setdefault(name, kind)
    return frame.withColumns({name: col(quoted(name)).cast(kind) for name, kind in kinds.items()})


def _read_as(kind: str) -> tuple[str, ...]:
    """What Spark and Arrow read off text for this type; dates stay text, which encoders read."""
    if kind in MOMENTS:
        return ()
    return ("boolean",) if kind == "boolean" else ("bigint", "double")
