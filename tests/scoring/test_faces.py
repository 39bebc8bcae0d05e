"""The same raw rows through every face: all answer as the local predictor, and name a bad row in one line."""

import datetime
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import mlflow
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from sparktune.bundle import Bundle, export_bundle
from sparktune.bundle.mlflow.model import write_mlmodel
from sparktune.bundle.mlflow.pyfunc import BundleModel
from sparktune.columns.encoders.category import CategoryEncoder
from sparktune.columns.encoders.date import DateEncoder
from sparktune.columns.encoders.matrix import layout_of
from sparktune.columns.encoders.number import NumberEncoder
from sparktune.columns.encoders.vector import VectorEncoder
from sparktune.columns.inputs import side_by_side
from sparktune.columns.schema import Feature, Schema
from sparktune.data import Table
from sparktune.ml import SparktuneModel
from sparktune.scoring import register, score
from sparktune.scoring.local import predict_rows
from sparktune.scoring.without_spark import score_files
from tests.bundle.models import lineage

ROWS, BAD = 40, 27
Answers = dict[str, tuple[Any, Any]]  # of each row's id, the label and the probability
FEATURES = tuple(
    Feature.encoded(name, encoder)
    for name, encoder in {
        "age": NumberEncoder(column_type="double", median=40.0, mean=41.0, required=True),
        "plan": CategoryEncoder(column_type="string", levels=("basic", "gold"), values=2),
        "joined": DateEncoder(
            column_type="date", parts=("month", "days"), medians=(6.0, 9.0), first=18262.0, last=19000.0
        ),
        "seen": DateEncoder(
            column_type="date",
            parts=("month", "day", "weekday"),
            medians=(6.0, 15.0, 3.0),
            first=18262.0,
            last=19000.0,
            flag=True,
        ),
        "visits": NumberEncoder(column_type="double", median=5.0, mean=5.5, flag=True, clip=(-100.0, 100.0)),
        "zone": CategoryEncoder(column_type="bigint", levels=(3, 1), values=3),
        "vip": CategoryEncoder(column_type="boolean", levels=(False, True), values=2),
        "signal": VectorEncoder(column_type="array<float>", sides=(3,)),
    }.items()
)
FIRST = datetime.date(2020, 1, 1)
# Values that stand in odd rows in place of usual ones; a row without all its signal has no answer.
ODD: dict[str, list[Any]] = {
    "plan": [None, "basic", "silver", "", "blå"],
    "joined": [None, "2031-12-31", "1969-07-20 20:17:40"],
    "seen": [None, datetime.date(1969, 12, 31), datetime.date(2024, 2, 29), datetime.date.max],
    "visits": [None, float("nan"), -1e30, 7.25],
    "zone": [None, 1, 99, -(2**53)],
    "vip": [None],
}
NO_ANSWER = (5, 32)
# What is wrong with a row, and what is said of it where all its values are known.
FAULTS: dict[str, tuple[str, Any, str]] = {
    "null": (
        "age",
        None,
        "'age' must have a number in every row, as it says missing: error, but row {} has none",
    ),
    "date": (
        "joined",
        "31.1.2024",
        "'joined' must hold dates such as .* but row {} holds '31.1.2024'; write it so",
    ),
    "length": ("signal", [1.0, 2.0], "'signal' must hold 3 numbers in a row, but row {} holds 2"),
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return exported(FEATURES, tmp_path_factory.mktemp("raw"), "keras")


@pytest.fixture(scope="module")
def single_values(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A model that the engine `sql` can express: it reads no arrays."""
    return exported(FEATURES[:-1], tmp_path_factory.mktemp("single"), "sql")


def exported(features: tuple[Feature, ...], folder: Path, engine: str) -> Bundle:
    """A model whose probabilities for `odd_rows` are spread out, so that each column counts."""
    x, valid = side_by_side([odd_rows()[feature.name] for feature in features], features, np.dtype("f4"))
    width = layout_of(features).width
    kernel = np.linspace(-2, 2, width) / np.sqrt(width) / x[valid].std(axis=0)
    dense = keras.layers.Dense(1, "sigmoid")
    model = keras.Sequential([keras.Input((width,)), dense])
    dense.set_weights([kernel[:, np.newaxis], -x[valid].mean(axis=0, keepdims=True) @ kernel])
    model.save(folder / "trained.keras")
    schema = Schema(features=features, input_shape=(width,), task="binary", classes=("no", "yes"), outputs=1)
    engines = ["numpy", engine]
    return export_bundle(folder / "trained.keras", schema, lineage(), folder / "bundle", engines=engines)


def rows(**changes: list[Any]) -> pa.Table:
    columns: dict[str, Any] = {
        "id": [f"customer-{row}" for row in range(ROWS)],
        "age": [20.0 + row for row in range(ROWS)],
        "plan": ["gold" for row in range(ROWS)],
        "joined": [(FIRST + datetime.timedelta(row)).isoformat() for row in range(ROWS)],
        "seen": [FIRST + datetime.timedelta(9 * row) for row in range(ROWS)],
        "visits": [0.5 * row for row in range(ROWS)],
        "zone": [3 for row in range(ROWS)],
        "vip": [row % 2 == 0 for row in range(ROWS)],
        "signal": [[0.5 * row, 1.0, 2.0] for row in range(ROWS)],
    }
    return pa.table({**columns, **changes})


def odd_rows() -> pa.Table:
    """Rows with missing values, and with words, numbers and dates that were rare or unseen in training."""
    columns = rows().to_pydict()
    for odd, (name, values) in enumerate(ODD.items()):
        for row in range(ROWS):
            columns[name][row] = [*values, columns[name][row]][(row + odd) % (len(values) + 1)]
    columns["signal"] = [[np.cos(row), np.sin(3 * row), row % 5] for row in range(ROWS)]
    columns["signal"][NO_ANSWER[0]] = None
    columns["signal"][NO_ANSWER[1]] = [1.0, None, 2.0]
    return pa.table(columns)


def with_fault(column: str, value: Any) -> pa.Table:
    values = rows()[column].to_pylist()
    values[BAD] = value
    return rows(**{column: values})


def by_sql(spark: Any, bundle: Bundle, source: Path) -> Answers:
    name = f"leaves_by_{bundle.manifest.engine}"
    register(spark, bundle, name, output="both")
    spark.read.parquet(str(source)).createOrReplaceTempView("raw_rows")
    names = ", ".join(feature.name for feature in bundle.schema.features)
    return answers(spark.sql(f"SELECT id, found.* FROM (SELECT id, {name}({names}) AS found FROM raw_rows)"))


def by_pipeline(spark: Any, bundle: Bundle, source: Path) -> Answers:
    scored = SparktuneModel(bundle).transform(spark.read.parquet(str(source)))
    found = answers(scored).items()
    return {key: (label, vector and float(vector[1])) for key, (label, vector) in found}


def by_bulk(spark: Any, bundle: Bundle, source: Path) -> Answers:
    score(spark, bundle, source, source.with_name("scored"), columns=["id"])
    return answers(spark.read.parquet(str(source.with_name("scored"))))


def by_score(spark: Any, bundle: Bundle, source: Path) -> Answers:
    score(spark, bundle, source, source.with_name("scored"))
    return answers(spark.read.parquet(str(source.with_name("scored"))))


def without_spark(spark: Any, bundle: Bundle, source: Path) -> Answers:
    """Text in place of dates is left to Spark."""
    table, target = pq.read_table(source), source.with_name("scored.parquet")
    if pa.types.is_string(table["joined"].type):
        dates = pc.utf8_slice_codeunits(table["joined"], 0, 10).cast(pa.date32())
        table = table.set_column(table.column_names.index("joined"), "joined", dates)
    pq.write_table(table, source)
    assert score_files(bundle, str(source), str(target)) == ROWS
    return answers(spark.read.parquet(str(target)))


def by_stream(spark: Any, bundle: Bundle, source: Path) -> Answers:
    predict = register(spark, bundle, "leaves", output="both")
    schema = spark.read.parquet(str(source)).schema
    arriving = spark.readStream.schema(schema).parquet(str(source.parent))
    found = arriving.select(
        "id", predict(*(feature.name for feature in bundle.schema.features)).alias("found")
    )
    query = found.writeStream.format("memory").queryName("of_stream").trigger(availableNow=True)
    query.option("checkpointLocation", str(source.parent / "_checkpoint")).start().awaitTermination()
    return answers(spark.sql("SELECT id, found.* FROM of_stream"))


def by_predictor(spark: Any, bundle: Bundle, source: Path) -> Answers:
    table = pq.read_table(source)
    found = predict_rows(bundle, Table.of(zip(table.column_names, table.columns, strict=True), "new"))
    pairs = zip(table["id"].to_pylist(), found, strict=True)
    return {key: (answer["prediction"], answer["probability"]) for key, answer in pairs}


def by_pyfunc(spark: Any, bundle: Bundle, source: Path) -> Answers:
    frame = pq.read_table(source).to_pandas()
    found = BundleModel(bundle).predict(frame, {"output": "both"})
    return dict(zip(frame["id"], zip(found["prediction"], found["probability"], strict=True), strict=True))


def by_mlflow(spark: Any, bundle: Bundle, source: Path) -> Answers:
    from pyspark.sql.functions import lit, nullif

    folder = source.with_name("model")
    write_mlmodel(bundle, folder, "run-1", SimpleNamespace(artifact_location="somewhere", model_id="m-1"))
    predict = mlflow.pyfunc.spark_udf(spark, str(folder), env_manager="local")
    found = spark.read.parquet(str(source)).select("id", predict().alias("found"))
    label = nullif("found.prediction", lit("None"))  # MLflow makes text of it
    return answers(found.select("id", label.alias("prediction"), "found.probability"))


def answers(frame: Any) -> Answers:
    rows = frame.select("id", "prediction", "probability").collect()
    return {row.id: (row.prediction, row.probability) for row in rows}


LOCAL = ("predictor", "pyfunc")
Face = Callable[[Any, Bundle, Path], Answers]
FACES: dict[str, Face] = {
    "predictor": by_predictor,
    "pyfunc": by_pyfunc,
    "sql": by_sql,
    "pipeline": by_pipeline,
    "bulk": by_bulk,
    "whole table": by_score,
    "without Spark": without_spark,
    "stream": by_stream,
    "mlflow": by_mlflow,
}


@pytest.mark.parametrize("face", [*(name for name in FACES if name != "predictor"), "sql engine"])
def test_every_face_answers_as_the_local_predictor(
    spark: Any, bundle: Bundle, single_values: Bundle, tmp_path: Path, face: str
) -> None:
    pq.write_table(odd_rows(), tmp_path / "rows.parquet")
    model = single_values.with_engine("sql") if face == "sql engine" else bundle
    expected = by_predictor(spark, model, tmp_path / "rows.parquet")
    found = FACES.get(face, by_sql)(spark, model, tmp_path / "rows.parquet")
    assert {key: label for key, (label, _) in found.items()} == {
        k: label for k, (label, _) in expected.items()
    }
    given = [key for key, (_, probability) in expected.items() if probability is not None]
    assert len(given) == ROWS - (len(NO_ANSWER) if model is bundle else 0)
    wanted = np.array([expected[key][1] for key in given])
    np.testing.assert_allclose([found[key][1] for key in given], wanted, rtol=0, atol=1e-6)
    assert all(found[key][1] is None for key in found.keys() - given)
    assert 0.3 < np.mean(wanted > 0.5) < 0.7 and wanted.std() > 0.1  # what the columns hold tells rows apart


@pytest.mark.parametrize("face", ["sql", "pipeline", "bulk"])
def test_words_of_a_collation_are_words(spark: Any, bundle: Bundle, tmp_path: Path, face: str) -> None:
    pq.write_table(odd_rows(), tmp_path / "rows.parquet")
    expected = by_predictor(spark, bundle, tmp_path / "rows.parquet")
    frame = spark.read.parquet(str(tmp_path / "rows.parquet"))
    collated = frame.withColumn("plan", frame.plan.try_cast("string collate UTF8_LCASE")).coalesce(1)
    collated.write.parquet(str(tmp_path / "collated"))
    found = FACES[face](spark, bundle, tmp_path / "collated")
    assert {key: label for key, (label, _) in found.items()} == {
        key: label for key, (label, _) in expected.items()
    }


def refused(face: Face, spark: Any, bundle: Bundle, table: pa.Table, folder: Path) -> str:
    """What the face says: its last line, which is the only one where it is an error of sparktune."""
    pq.write_table(table, folder / "rows.parquet")
    with pytest.raises(Exception) as raised:
        face(spark, bundle, folder / "rows.parquet")
    own = re.findall(r"^(?:sparktune\.errors\.\w+: )?(.* column '.*)$", str(raised.value), re.MULTILINE)
    assert len(own) == 1, str(raised.value)
    if type(raised.value).__module__.startswith(("sparktune", "mlflow")):
        assert own == str(raised.value).splitlines()
    return str(own[0])


@pytest.mark.parametrize(
    ("face", "fault"),
    [
        *(("predictor", fault) for fault in FAULTS),
        *(("pyfunc", "null"), ("sql", "null"), ("pipeline", "length")),
        *(("bulk", "date"), ("whole table", "null"), ("stream", "date"), ("without Spark", "length")),
    ],
)
def test_a_row_is_named(spark: Any, bundle: Bundle, tmp_path: Path, face: str, fault: str) -> None:
    column, value, message = FAULTS[fault]
    said = refused(FACES[face], spark, bundle, with_fault(column, value), tmp_path)
    age = None if column == "age" else 20.0 + BAD
    key = "id='customer-27', " if face in ("bulk", "without Spark") else ""
    shown = rf"\({key}age={age}, plan='gold', joined=.*\)"
    assert re.search(message.format(BAD if face in LOCAL else shown), said), said


@pytest.mark.parametrize("face", ["whole table", "sql", "pipeline"])
def test_the_engine_sql_names_the_column_alone(
    spark: Any, single_values: Bundle, tmp_path: Path, face: str
) -> None:
    bundle, table = single_values.with_engine("sql"), with_fault("age", None)
    if face == "whole table":
        message = refused(by_score, spark, bundle, table, tmp_path)
        assert message.startswith("feature column 'age' must have a number in every row, as it says missing")
        return
    pq.write_table(table, tmp_path / "rows.parquet")
    with pytest.raises(Exception, match=r"\[USER_RAISED_EXCEPTION\] feature column 'age' must have a number"):
        FACES[face](spark, bundle, tmp_path / "rows.parquet")


@pytest.mark.parametrize("face", [*LOCAL, "pipeline", "bulk", "without Spark"])
def test_a_column_is_named(spark: Any, bundle: Bundle, tmp_path: Path, face: str) -> None:
    for table, message in (
        (
            rows().rename_columns({"age": "agee"}),
            "'age' is missing; did you mean 'agee'",
        ),
        (
            rows(age=["old"] * ROWS),
            "'age' must hold (double, as in training, but got|numbers, but its type is) string",
        ),
        (
            rows(plan=[1] * ROWS),
            "'plan' must hold (string|words), as in training, but (got bigint|its type is int64)",
        ),
        (rows(signal=[1.0] * ROWS), "'signal' must hold (arrays of )?3 numbers"),
    ):
        said = refused(FACES[face], spark, bundle, table, tmp_path)
        assert re.search(message, said), said
