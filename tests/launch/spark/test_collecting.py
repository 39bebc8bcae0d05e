"""Rows of Spark that come in batches, at once or by partition: what `toArrow` gives."""

import logging
import resource
from collections.abc import Iterator

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from sparktune.data import load_dataset, spilled
from sparktune.errors import DataError
from sparktune.launch.spark import collecting
from sparktune.launch.spark.collecting import LIMIT, collect
from sparktune.launch.spark.tables import read_table, to_arrow
from sparktune.spec import parse_spec

KINDS = """
SELECT id, id % 2 = 0 AS flag, CAST(id AS BYTE) AS byte, CAST(id AS SHORT) AS short, CAST(id AS INT) AS int,
    id / 3 AS real, CAST(id / 7 AS FLOAT) AS float, CAST(id AS DECIMAL(20, 3)) / 7 AS money,
    IF(id % 3 = 0, NULL, concat('wörd ', id)) AS text, CAST(concat('b', id) AS BINARY) AS bytes,
    date_add(DATE'2024-02-28', CAST(id AS INT)) AS day, timestamp_micros(id * 1000003) AS moment,
    make_timestamp_ntz(2024, 1, 1, 2, 3, id % 60) AS clock, make_dt_interval(id) AS duration,
    IF(id % 4 = 0, NULL, array(id, NULL, id * 2)) AS numbers, array(array(id), array()) AS nested,
    array(timestamp_micros(id)) AS moments, map('k', timestamp_micros(id)) AS mapped,
    named_struct('at', timestamp_micros(id), 'word', concat('w', id)) AS struct, CAST(NULL AS INT) AS none,
    NULL AS void
FROM range(0, 60, 1, 5) WHERE id NOT BETWEEN 24 AND 36
"""


@pytest.fixture
def in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than no bytes are many."""
    monkeypatch.setattr(spilled, "SMALL", 0)


@pytest.fixture
def in_bits(spark: SparkSession) -> Iterator[None]:
    """A batch has a few rows; dates and times are those of a zone other than UTC."""
    settings = {
        "spark.sql.session.timeZone": "Asia/Kolkata",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "5",
    }
    former = {name: spark.conf.get(name) for name in settings}
    for name, value in settings.items():
        spark.conf.set(name, value)
    yield
    for name, value in former.items():
        spark.conf.set(name, value)


@pytest.fixture
def limit(spark: SparkSession) -> Iterator[object]:
    """Sets how much Spark returns at once."""
    settings = spark.sparkContext._jsc.sc().conf()
    yield lambda size: settings.set(LIMIT, size)
    settings.remove(LIMIT)


@pytest.mark.parametrize("way", ["at once", "by partition"])
@pytest.mark.usefixtures("in_a_file", "in_bits")
def test_every_type_is_read_as_spark_reads_it(spark: SparkSession, monkeypatch, way: str) -> None:
    monkeypatch.setattr(collecting, "_may_come_at_once", lambda frame: way == "at once")
    frame = spark.sql(KINDS)
    before = pa.total_allocated_bytes()
    found, expected = collect(frame), frame.toArrow()
    assert found["id"].num_chunks > 5, "partitions, one of them empty, in batches"
    assert found.equals(expected)
    del expected
    if way == "by partition":
        assert pa.total_allocated_bytes() - before < 10_000, "the rows lie in a file"
    nothing = frame.where("id < 0")
    assert collect(nothing).equals(nothing.toArrow())


@pytest.mark.usefixtures("in_a_file", "in_bits")
def test_rows_that_spark_does_not_return_at_once(spark: SparkSession, limit, caplog) -> None:
    rows = """SELECT /*+ REPARTITION_BY_RANGE(4, id), BROADCAST(b) */ id, repeat('x', 100) AS t
        FROM range(3000) a JOIN range(3000) b USING (id) WHERE id >= (SELECT min(id) FROM range(9))"""
    frame = spark.sql(rows).sortWithinPartitions("id")
    expected = frame.toArrow()
    caplog.set_level(logging.INFO, "sparktune")
    limit("250k")
    assert collect(frame).equals(expected)
    assert "one partition is read after another" in caplog.text
    limit("100k")
    with pytest.raises(
        DataError, match=f"each partition of the data must fit into {LIMIT}, .* frame.repartition"
    ):
        collect(frame)


def test_rows_that_may_fill_the_heap_come_by_partition(spark: SparkSession, limit, monkeypatch) -> None:
    def refused(frame: DataFrame) -> None:
        raise AssertionError("by partition")

    monkeypatch.setattr(collecting, "_by_partition", refused)
    monkeypatch.setattr(collecting, "estimated_bytes", lambda frame: 2**50)
    limit("0")
    with pytest.raises(AssertionError, match="by partition"):
        collect(spark.range(3))
    limit("9m")
    assert collect(spark.range(3)).to_pydict() == {"id": [0, 1, 2]}


def test_a_study_over_many_rows_is_that_over_few(spark: SparkSession, monkeypatch) -> None:
    section = {
        "source": "query",
        "query": "SELECT id % 3 AS y, id / 7 AS a, concat('w', id % 5) AS w, "
        "timestamp_micros(id * 1234567890123) AS t, array(id, 1) AS v FROM range(0, 200, 1, 4)",
        "label": "y",
    }
    spec = parse_spec({"data": section})
    small = load_dataset(spec, read_table=lambda **which: read_table(spark, **which))
    monkeypatch.setattr(spilled, "SMALL", 0)
    monkeypatch.setattr(collecting, "_may_come_at_once", lambda frame: False)
    large = load_dataset(spec, read_table=lambda **which: read_table(spark, **which))
    old = load_dataset(spec, read_table=lambda query: spark.sql(query).toArrow())
    assert small.digest == large.digest == old.digest


@pytest.mark.parametrize("way", ["at once", "by partition"])
def test_a_query_that_fails_midway(spark: SparkSession, monkeypatch, way: str) -> None:
    monkeypatch.setattr(collecting, "_may_come_at_once", lambda frame: way == "at once")
    with pytest.raises(DataError, match=r"Spark cannot read .*DIVIDE_BY_ZERO"):
        read_table(spark, query="SELECT 1 / (id - 2500) AS x FROM range(0, 3000, 1, 2)")


@pytest.mark.usefixtures("in_a_file")
def test_a_full_disk(spark: SparkSession, monkeypatch) -> None:
    monkeypatch.setattr(collecting, "_may_come_at_once", lambda frame: False)
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    frame = spark.sql("SELECT repeat('x', 1000) FROM range(0, 3000, 1, 2)")
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, former[1]))
    try:
        with pytest.raises(
            DataError, match=r"written to .*, but File too large; free space there or set TMPDIR"
        ):
            to_arrow(frame)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
