"""Dates and times of another type than in training: Spark's faces agree in every time zone of the session."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import keras
import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql.functions import lit

from sparktune.bundle import Bundle, export_bundle
from sparktune.columns.encoders.date import DateEncoder
from sparktune.columns.schema import Feature, Schema
from sparktune.errors import ScoringError
from sparktune.ml import SparktuneModel
from sparktune.scoring import register, score
from tests.bundle.models import lineage

ZONE = "America/New_York"
TRAINED = {
    "day_of_instant": "date",
    "day_of_clock": "date",
    "instant_of_clock": "timestamp",
    "instant_of_day": "timestamp",
    "instant_of_text": "timestamp",
    "clock_of_instant": "timestamp_ntz",
    "day_of_text": "date",
    "clock_of_text": "timestamp_ntz",
}
NEW = f"""
SELECT 7 AS id, TIMESTAMP'2024-01-31 23:30:00 {ZONE}' AS day_of_instant,
    TIMESTAMP_NTZ'2024-01-31 23:30:00' AS day_of_clock,
    TIMESTAMP_NTZ'2024-07-01 22:00:00' AS instant_of_clock,
    DATE'2024-07-01' AS instant_of_day, '2024-07-01 22:00:00' AS instant_of_text,
    TIMESTAMP'2024-07-01 22:00:00 {ZONE}' AS clock_of_instant,
    '2024-01-31T23:30:00-05:00' AS day_of_text, '2024-07-01T22:00:00+03:00' AS clock_of_text
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A model of days and hours, each of its own weight."""
    folder = tmp_path_factory.mktemp("moments")
    features = tuple(
        Feature.encoded(
            name,
            DateEncoder(
                column_type=kind, parts=("hour", "days"), medians=(9.0, 9.0), first=19700.0, last=19999.0
            ),
        )
        for name, kind in TRAINED.items()
    )
    dense = keras.layers.Dense(1)
    model = keras.Sequential([keras.Input((16,)), dense])
    dense.set_weights([np.arange(1, 17, dtype="f4").reshape(16, 1), np.zeros(1, "f4")])
    model.save(folder / "trained.keras")
    schema = Schema(features=features, input_shape=(16,), task="regression", outputs=1)
    return export_bundle(folder / "trained.keras", schema, lineage(), folder / "bundle", engines=["numpy"])


@pytest.fixture
def zone(spark: Any) -> Iterator[None]:
    before = spark.conf.get("spark.sql.session.timeZone")
    spark.conf.set("spark.sql.session.timeZone", ZONE)
    yield
    spark.conf.set("spark.sql.session.timeZone", before)


@pytest.mark.usefixtures("zone")
def test_every_face_of_spark_casts_in_the_zone_of_the_session(
    spark: Any, bundle: Bundle, tmp_path: Path
) -> None:
    evening, midnight = datetime(2024, 7, 1, 22), datetime(2024, 7, 1)
    instants = [moment.replace(tzinfo=ZoneInfo(ZONE)) for moment in (evening, midnight, evening)]
    values = [date(2024, 1, 31), date(2024, 1, 31), *instants, evening, date(2024, 1, 31), evening]
    trained = pa.table({name: [value] for name, value in zip(TRAINED, values, strict=True)})
    expected = bundle.predict(bundle.rows(trained))[0, 0]
    spark.sql(NEW).createOrReplaceTempView("moments")
    found = {}
    for engine in ("numpy", "sql"):
        chosen = bundle.with_engine(engine)
        predict = register(spark, chosen, "of_moments")
        frames = {"function": spark.table("moments").select(predict(*TRAINED).alias("prediction"))}
        frames["pipeline"] = SparktuneModel(chosen).transform(spark.table("moments"))
        for name, columns in {"whole table": None, "few columns": ["id"]}.items():
            score(spark, chosen, "moments", tmp_path / engine / name, columns=columns)
            frames[name] = spark.read.parquet(str(tmp_path / engine / name))
        found |= {(engine, name): frame.first().prediction for name, frame in frames.items()}
    assert found == dict.fromkeys(found, pytest.approx(expected, rel=1e-6))


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(
    ("column", "text"),
    [("day_of_text", "31.1.2024"), ("instant_of_text", "12:30"), ("clock_of_text", "2024")],
)
def test_text_that_is_no_date_is_named(
    spark: Any, bundle: Bundle, tmp_path: Path, column: str, text: str
) -> None:
    """Whatever CAST takes for a date, and whether or not Spark follows ANSI's rules."""
    spark.sql(NEW).withColumn(column, lit(text)).createOrReplaceTempView("moments")
    ansi = spark.conf.get("spark.sql.ansi.enabled")
    said = f"^feature column '{column}' must hold dates .* '{text}'; write it so, or make it null$"
    for engine, mode in (("numpy", ansi), ("sql", "true"), ("sql", "false")):
        spark.conf.set("spark.sql.ansi.enabled", mode)
        try:
            with pytest.raises(ScoringError, match=said):
                score(spark, bundle.with_engine(engine), "moments", tmp_path / engine / mode)
        finally:
            spark.conf.set("spark.sql.ansi.enabled", ansi)


@pytest.mark.usefixtures("zone")
def test_missing_text_is_a_missing_date(spark: Any, bundle: Bundle) -> None:
    frame = spark.sql(NEW).withColumn("clock_of_text", lit(None).cast("string"))
    by_numpy, by_sql = (
        SparktuneModel(bundle.with_engine(engine)).transform(frame).first().prediction
        for engine in ("numpy", "sql")
    )
    assert by_sql == pytest.approx(by_numpy, rel=1e-6)
