import numpy as np
import pyarrow as pa

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
