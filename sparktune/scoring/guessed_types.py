"""CSV and JSON files hold no types: Spark guesses them from the new rows, which a model may know better."""

from typing import Any

from sparktune.columns.schema import Feature, Schema
from sparktune.scoring.signature import quoted
from sparktune.scoring.table_io import file_format, is_path
from sparktune.scoring.types import own_names

GUESSED = ("csv", "json")


def with_training_types(spark: Any, source: str, frame: Any, schema: Schema) -> Any:
    """The rows of `source` with the types of training where Spark cannot know them; of other formats as is.

    A CSV column that was text in training is text again: `01234` is no number. A column without any value,
    which Spark takes for text, has its type of training. Other columns keep the type that Spark has read.

    Raises:
        ScoringError: a feature column is missing.
    """
    if not is_path(source) or file_format(source) not in GUESSED:
        return frame
    names = own_names(schema, frame.columns, spark.conf.get("spark.sql.caseSensitive") == "true")
    types = {
        name: _sql_type(feature)
        for name, feature in zip(names, schema.features, strict=True)
        if not feature.shape
    }
    if file_format(source) == "csv":
        frame = _with_text(spark, source, frame, {name for name, kind in types.items() if kind == "string"})
    return _with_empty_columns(frame, {name: kind for name, kind in types.items() if kind != "string"})


def _sql_type(feature: Feature) -> str:
    return "double" if feature.encoder is None else feature.dtype


def _with_text(spark: Any, source: str, frame: Any, words: set[str]) -> Any:
    """The rows of a CSV file, with these columns as text."""
    from pyspark.sql.types import StringType, StructField, StructType

    fields = frame.schema.fields
    if all(field.dataType.typeName() == "string" for field in fields if field.name in words):
        return frame
    typed = [
        StructField(field.name, StringType() if field.name in words else field.dataType) for field in fields
    ]
    return spark.read.load(source, format="csv", schema=StructType(typed), header=True)


def _with_empty_columns(frame: Any, types: dict[str, str]) -> Any:
    """The rows, with those of these columns that are text without any value as of their types."""
    from pyspark.sql.functions import col, count

    text = [name for name in types if frame.schema[name].dataType.typeName() == "string"]
    if not text:
        return frame
    counts = frame.agg(*(count(col(quoted(name))).alias(str(i)) for i, name in enumerate(text))).first()
    empty = [name for name, values in zip(text, counts, strict=True) if not values]
    return frame.withColumns({name: col(quoted(name)).cast(types[name]) for name in empty})
