"""Rows that cannot be scored: one line through every face, with the column, the value and the row."""

import datetime
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sparktune.bundle import Bundle, export_bundle
from sparktune.bundle.mlflow.pyfunc import BundleModel
from sparktune.columns.encoders.category import CategoryEncoder
from sparktune.columns.encoders.date import DateEncoder
from sparktune.columns.encoders.matrix import layout_of
from sparktune.columns.encoders.number import NumberEncoder
from sparktune.columns.encoders.vector import VectorEncoder
from sparktune.columns.schema import Feature, Schema
from sparktune.data import Table
from sparktune.ml import SparktuneModel
from sparktune.scoring import register, score
from sparktune.scoring.local import predict_rows
from tests.bundle.models import lineage

ROWS, BAD = 40, 27
FEATURES = tuple(
    Feature.encoded(name, encoder)
    for name, encoder in {
        "age": NumberEncoder(column_type="double", median=40.0, mean=41.0, required=True),
        "plan": CategoryEncoder(column_type="string", levels=("basic", "gold"), values=2),
        "joined": DateEncoder(
            column_type="date", parts=("year", "days"), medians=(2020.0, 9.0), first=18262.0, last=19000.0
        ),
        "signal": VectorEncoder(column_type="array<float>", sides=(3,)),
    }.items()
)
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
    width = layout_of(FEATURES).width
    model = keras.Sequential([keras.Input((width,)), keras.layers.Dense(1, "sigmoid")])
    schema = Schema(features=FEATURES, input_shape=(width,), task="binary", classes=("no", "yes"), outputs=1)
    folder = tmp_path_factory.mktemp("raw")
    model.save(folder / "trained.keras")
    return export_bundle(
        folder / "trained.keras", schema, lineage(), folder / "bundle", engines=["numpy", "keras"]
    )


def rows(**changes: list[Any]) -> pa.Table:
    columns: dict[str, list[Any]] = {
        "id": [f"customer-{row}" for row in range(ROWS)],
        "age": [20.0 + row for row in range(ROWS)],
        "plan": ["gold" for row in range(ROWS)],
        "joined": [(datetime.date(2020, 1, 1) + datetime.timedelta(row)).isoformat() for row in range(ROWS)],
        "signal": [[0.5 * row, 1.0, 2.0] for row in range(ROWS)],
    }
    return pa.table({**columns, **changes})


def with_fault(column: str, value: Any) -> pa.Table:
    values = rows()[column].to_pylist()
    values[BAD] = value
    return rows(**{column: values})


def by_sql(spark: Any, bundle: Bundle, source: Path) -> None:
    register(spark, bundle, "leaves")
    spark.read.parquet(str(source)).createOrReplaceTempView("raw_rows")
    spark.sql("SELECT leaves(age, plan, joined, signal) FROM raw_rows").collect()


def by_pipeline(spark: Any, bundle: Bundle, source: Path) -> None:
    SparktuneModel(bundle).transform(spark.read.parquet(str(source))).collect()


def by_bulk(spark: Any, bundle: Bundle, source: Path) -> None:
    score(spark, bundle, source, source.with_name("scored"), columns=["id"])


def by_score(spark: Any, bundle: Bundle, source: Path) -> None:
    score(spark, bundle, source, source.with_name("scored"))


def by_stream(spark: Any, bundle: Bundle, source: Path) -> None:
    predict = register(spark, bundle, "leaves")
    schema = "age DOUBLE, plan STRING, joined STRING, signal ARRAY<DOUBLE>"
    arriving = spark.readStream.schema(schema).parquet(str(source.parent))
    answers = arriving.select(predict("age", "plan", "joined", "signal"))
    query = answers.writeStream.format("noop").trigger(availableNow=True)
    query.option("checkpointLocation", str(source.parent / "_checkpoint")).start().awaitTermination()


def by_predictor(spark: Any, bundle: Bundle, source: Path) -> None:
    table = pq.read_table(source)
    predict_rows(bundle, Table.of(zip(table.column_names, table.columns, strict=True), "new"))


def by_pyfunc(spark: Any, bundle: Bundle, source: Path) -> None:
    BundleModel(bundle).predict(pq.read_table(source).to_pandas(), {"output": "both"})


LOCAL = ("predictor", "pyfunc")
Face = Callable[[Any, Bundle, Path], None]
FACES: dict[str, Face] = {
    "predictor": by_predictor,
    "pyfunc": by_pyfunc,
    "sql": by_sql,
    "pipeline": by_pipeline,
    "bulk": by_bulk,
    "whole table": by_score,
    "stream": by_stream,
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
        *(("bulk", "date"), ("whole table", "null"), ("stream", "date")),
    ],
)
def test_a_row_is_named(spark: Any, bundle: Bundle, tmp_path: Path, face: str, fault: str) -> None:
    column, value, message = FAULTS[fault]
    said = refused(FACES[face], spark, bundle, with_fault(column, value), tmp_path)
    age = None if column == "age" else 20.0 + BAD
    shown = rf"\({'id=.customer-27., ' if face == 'bulk' else ''}age={age}, plan='gold', joined='.*\)"
    assert re.search(message.format(BAD if face in LOCAL else shown), said), said


@pytest.mark.parametrize("face", [*LOCAL, "pipeline", "bulk"])
def test_a_column_is_named(spark: Any, bundle: Bundle, tmp_path: Path, face: str) -> None:
    for table, message in (
        (
            rows().rename_columns(["id", "agee", "plan", "joined", "signal"]),
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
