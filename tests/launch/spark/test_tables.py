from types import SimpleNamespace

import numpy as np
import pytest
from pyspark.ml.linalg import Vectors, VectorUDT
from pyspark.sql.types import ArrayType, BinaryType, DoubleType, FloatType, LongType, StructType

from sparktune.data import load_dataset
from sparktune.errors import DataError
from sparktune.finding import Level
from sparktune.launch.spark import tables
from sparktune.launch.spark.tables import disk_findings, read_table, to_arrow
from sparktune.spec import parse_spec

X = np.arange(40, dtype="<f4").reshape(20, 2)


@pytest.fixture(scope="module")
def people(spark):
    """A view with every kind of feature column."""
    schema = StructType()
    kinds = [LongType(), DoubleType(), VectorUDT(), VectorUDT(), ArrayType(FloatType()), BinaryType()]
    for name, kind in zip(("id", "the.label", "dense", "sparse", "array", "raw"), kinds, strict=True):
        schema.add(name, kind)
    rows = [
        (i, i % 2.0, Vectors.dense(x), Vectors.sparse(2, [1], [x[1]]), x.tolist(), bytearray(x.tobytes()))
        for i, x in enumerate(X)
    ]
    frame = spark.createDataFrame(rows, schema)
    frame.coalesce(1).createOrReplaceTempView("people")
    yield "people"
    spark.catalog.dropTempView("people")


def test_columns_of_every_kind(spark, people):
    found = read_table(spark, table=people)
    assert found.num_rows == 20
    assert str(found.schema.field("dense").type.value_type) == "float" and "binary" in str(
        found.schema.field("raw").type
    )
    np.testing.assert_array_equal(np.array(found["dense"].to_pylist()), X)
    np.testing.assert_array_equal(np.array(found["sparse"].to_pylist())[:, 1], X[:, 1])


@pytest.mark.parametrize("column", ["dense", "array", "raw"])
def test_a_study_over_a_table(spark, people, column):
    section = {
        "source": "table",
        "table": people,
        "label": "the.label",
        "features": [column],
        "validation": {"last": 4},
    }
    spec = parse_spec({"data": section, "search": {"space": {"neurons": [8]}}})
    data = load_dataset(spec, read_table=lambda **which: read_table(spark, **which))
    np.testing.assert_array_equal(data.train.x, X[:16])
    assert data.schema.task == "binary" and data.schema.features[0].shape == (2,)


def test_a_query(spark, people):
    found = read_table(spark, query=f"SELECT id, id * 2 AS twice FROM {people} WHERE id < 3 ORDER BY id")
    assert found.to_pydict() == {"id": [0, 1, 2], "twice": [0, 2, 4]}


def test_a_frame(spark):
    assert to_arrow(spark.range(3)).to_pydict() == {"id": [0, 1, 2]}


def test_tables_that_cannot_be_read(spark):
    with pytest.raises(DataError, match=r"Spark cannot read 'no_such_table': .*TABLE_OR_VIEW_NOT_FOUND"):
        read_table(spark, table="no_such_table")
    with pytest.raises(DataError, match=r"Spark cannot read 'SELEKT 1': .*PARSE_SYNTAX_ERROR"):
        read_table(spark, query="SELEKT 1")
    with pytest.raises(DataError, match=r"exactly one of table and query"):
        read_table(spark, table="a", query="b")
    with pytest.raises(DataError, match=r"column names must differ, but 'id' stands twice"):
        read_table(spark, query="SELECT id, id FROM range(3)")


def test_a_query_that_fails_while_it_runs(spark):
    with pytest.raises(DataError, match=r"Spark cannot read .*DIVIDE_BY_ZERO"):
        read_table(spark, query="SELECT 1 / (id - id) AS x FROM range(3)")


def test_more_rows_than_the_disk_holds_are_warned_of(spark, caplog, monkeypatch) -> None:
    monkeypatch.setattr(tables.shutil, "disk_usage", lambda folder: SimpleNamespace(free=79))
    assert to_arrow(spark.range(10)).num_rows == 10
    assert "Spark estimates 80 bytes and 79 are free; set TMPDIR" in caplog.text
    caplog.clear()
    to_arrow(spark.range(9))
    assert caplog.text == ""


def test_the_disk_is_looked_at_before_any_row(spark, people):
    (found,) = disk_findings(spark, query="SELECT * FROM range(1000000000000)")
    assert found.level is Level.WARNING
    assert "set TMPDIR" in found.text
    assert [*disk_findings(spark, table=people)] == []
    with pytest.raises(DataError, match="Spark cannot read 'no_such_table'"):
        [*disk_findings(spark, table="no_such_table")]
