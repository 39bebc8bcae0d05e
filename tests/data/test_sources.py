import numpy as np
import pyarrow as pa
import pytest

from sparktune.errors import DataError

X, Y = np.arange(40.0).reshape(20, 2), np.arange(20) % 2


def fake_spark(*, table=None, query=None):
    """Named rows: the reader is handed in, so that this room needs no Spark."""
    rows = {"people": slice(0, 16), "SELECT * FROM people": slice(16, 20)}[table or query]
    return pa.table({"a": X[rows, 0], "b": X[rows, 1], "y": Y[rows]})


def test_tables_and_queries_go_through_the_reader(load):
    section = {"source": "table", "table": "people", "label": "y"}
    validation = {"source": "query", "query": "SELECT * FROM people"}
    data = load(**section, validation=validation, read_table=fake_spark)
    np.testing.assert_array_equal(data.train.x, X[:16])
    np.testing.assert_array_equal(data.validation.x, X[16:])


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"source": "table", "table": "t", "label": "y"}, r"data\.source table needs Spark"),
        ({}, r"data\.source is arrays, but no data were handed over"),
        (
            {"source": "csv", "path": "no/such.csv", "label": "y"},
            r"data\.path must exist, .* nothing at 'no/such\.csv'",
        ),
        ({"source": "npz", "path": "no/such.npz"}, r"data\.path must exist"),
        ({"source": "idx", "path": "no/such"}, r"data\.path must exist"),
        ({"source": "mnist", "path": "no/such"}, r"data\.path must exist"),
        ({"source": "npy", "path": "pyproject.toml", "labels": "no.npy"}, r"data\.labels must exist"),
        (
            {"source": "parquet", "path": "s3a://b/c", "label": "y"},
            r"path of the driver's file system, but got 's3a",
        ),
        ({"source": "digits", "test": {"source": "arrays"}}, r"data\.test\.source must be a file or a table"),
    ],
)
def test_sources_that_cannot_be_read(load, section, message):
    with pytest.raises(DataError, match=message):
        load(**section)
