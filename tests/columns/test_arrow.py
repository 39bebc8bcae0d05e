import decimal

import numpy as np
import pyarrow as pa
import pytest

from sparktune.columns.arrow import to_numpy
from sparktune.errors import DataError

ROWS = np.arange(6, dtype="<f4").reshape(3, 2)
BYTES = [row.tobytes() for row in ROWS]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(ROWS.tolist()),
        pa.array(ROWS.tolist(), pa.large_list(pa.float64())),
        pa.array(ROWS.tolist(), pa.list_(pa.float32(), 2)),
        pa.array(BYTES),
        pa.array(BYTES, pa.large_binary()),
        pa.array(BYTES, pa.binary(8)),
        pa.array([[9.0, 9.0], *ROWS.tolist()])[1:],
        pa.array([b"12345678", *BYTES])[1:],
        pa.array([b"12345678", *BYTES], pa.binary(8))[1:],
        pa.array([[9.0, 9.0], *ROWS.tolist()], pa.list_(pa.float32(), 2))[1:],
        pa.chunked_array(
            [pa.array(ROWS[:1].tolist()), pa.array([], pa.list_(pa.float64())), pa.array(ROWS[1:].tolist())]
        ),
        pa.chunked_array([BYTES[:2], BYTES[2:]]),
    ],
    ids=lambda c: str(c.type) + type(c).__name__,
)
def test_rows_of_numbers(column):
    np.testing.assert_array_equal(to_numpy(column, "a"), ROWS)


def test_nested_lists():
    nested = np.arange(12).reshape(2, 3, 2)
    np.testing.assert_array_equal(to_numpy(pa.array(nested.tolist()), "a"), nested)


def test_scalars():
    assert to_numpy(pa.array([True, False]), "a").dtype == np.bool_
    assert to_numpy(pa.array([1, 2], pa.uint8()), "a").dtype == np.uint8
    assert to_numpy(pa.array([decimal.Decimal("1.5")]), "a").tolist() == [1.5]
    assert to_numpy(pa.array(["a", None]), "a").tolist() == ["a", None]
    assert np.isnan(to_numpy(pa.array([1, None]), "a")[1])


def test_chunks_of_different_kinds():
    numbers = to_numpy(pa.chunked_array([pa.array([1, 2]), pa.array([3, None])]), "a")
    assert numbers.dtype == np.float64 and numbers[:3].tolist() == [1, 2, 3] and np.isnan(numbers[3])
    assert to_numpy(pa.chunked_array([["a"], ["b", None]]), "a").tolist() == ["a", "b", None]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            pa.chunked_array([[[1.0]], [[1.0], [1.0]], [[1.0, 2.0]]]),
            r"a is ragged: .* row 0, .*1.*, but row 3 has .*2",
        ),
        (pa.array([[1.0, 2.0], [3.0]]), r"row 0, 2, but row 1 has 1; pad or cut"),
        (pa.array([[[1], [2]], [[3], [4, 5]]]), r"ragged: .* but row 1 has 2"),
        (pa.array([b"1234", b"12345678"]), r"ragged"),
        (pa.array([b"12345"]), r"4 bytes each, but row 0 has 5 bytes"),
        (pa.array([[1.0], None]), r"a has no value in row 1"),
        (pa.array([b"1234", None]), r"a has no value in row 1"),
        (pa.array([[], []], pa.list_(pa.float32())), r"its lists are empty"),
        (pa.array([0], pa.timestamp("s")), r"its type is timestamp\[s\]; convert it, or leave it out"),
        (pa.array([{"indices": [1], "values": [1.0]}]), r"a Spark ML vector; read it through Spark"),
    ],
)
def test_columns_that_are_not_read(column, message):
    with pytest.raises(DataError, match=message):
        to_numpy(column, "a")
