import decimal

import numpy as np
import pyarrow as pa
import pytest

from sparktune.columns.arrow import ColumnPlace, decode, values
from sparktune.errors import DataError
from tests.columns.vectors import VECTOR, dense, sparse

PLACE = ColumnPlace("a", DataError, "convert it, or leave it out by naming data.features")
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
        pa.array(BYTES, pa.binary_view()),
        pa.ExtensionArray.from_storage(
            pa.fixed_shape_tensor(pa.float32(), (2,)), pa.array(ROWS.tolist(), pa.list_(pa.float32(), 2))
        ),
        pa.ListArray.from_arrays(pa.array([0, 2, 4, 6], pa.int32()), pa.array(range(6)).dictionary_encode()),
    ],
    ids=lambda c: str(c.type) + type(c).__name__,
)
def test_rows_of_numbers(column):
    np.testing.assert_array_equal(values(column, PLACE), ROWS)


def test_nested_lists():
    nested = np.arange(12).reshape(2, 3, 2)
    np.testing.assert_array_equal(values(pa.array(nested.tolist()), PLACE), nested)


def test_scalars():
    assert values(pa.array([True, False]), PLACE).dtype == np.bool_
    assert values(pa.array([1, 2], pa.uint8()), PLACE).dtype == np.uint8
    assert values(pa.array([decimal.Decimal("1.5")]), PLACE).tolist() == [1.5]
    assert values(pa.array(["a", None]), PLACE).tolist() == ["a", None]
    assert np.isnan(values(pa.array([1, None]), PLACE)[1])


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([[1.0, 2.0], [3.0]]), r"row 0, 2, but row 1 has 1; pad or cut"),
        (pa.array([[[1], [2]], [[3], [4, 5]]]), r"ragged: .* but row 1 has 2"),
        (pa.array([b"1234", b"12345678"]), r"ragged"),
        (pa.array([b"12345"]), r"4 bytes each, but row 0 has 5 bytes"),
        (pa.array([[1.0], None]), r"a has no value in row 1"),
        (pa.array([b"1234", None]), r"a has no value in row 1"),
        (pa.array([[], []], pa.list_(pa.float32())), r"its lists are empty"),
        (pa.array([0], pa.timestamp("s")), r"its type is timestamp\[s\]; convert it, or leave it out"),
        (pa.array([[1.0], [None]]), r"a has no value in row 1, or a NULL among its numbers"),
        (pa.array([{"indices": [1], "values": [1.0]}]), r"its type is struct<indices"),
        (pa.array([["a"]]), r"must hold numbers, but its type is string"),
        (pa.array([b"0" * 16], pa.uuid()), r"its type is extension<arrow\.uuid>"),
        (pa.array([dense(1, 2), sparse(3, {0: 1})], VECTOR), r"ragged: .* row 0, 2, but row 1 has 3"),
        (pa.array([None, sparse(2, {2: 1})], VECTOR), r"one index from 0 to 1 .* but row 1 does not"),
        (
            pa.array([dense(1, 2), sparse(2, {-1: 1})], VECTOR),
            r"from 0 to 1 .* row 1 does not; write it again",
        ),
        (
            pa.array([{"type": 0, "size": 2, "indices": [0], "values": [1.0, 2.0]}], VECTOR),
            r"one index .* for each value, but row 0 does not",
        ),
    ],
)
def test_columns_that_are_not_read(column, message):
    with pytest.raises(DataError, match=message):
        values(column, PLACE)


def test_rows_without_numbers_are_not_valid():
    numbers, valid = decode(pa.array([[1, 2], None, [3, None]]), PLACE)
    assert valid.tolist() == [True, False, False] and numbers[0].tolist() == [1, 2]
    assert decode(pa.nulls(2), PLACE).valid.tolist() == [False, False]
    assert decode(pa.array([1, 2]), PLACE).valid is None


def test_vectors_of_both_forms():
    column = pa.array([dense(1, 2, 3), None, sparse(3, {2: 9, 0: 8}), sparse(3, {})], VECTOR)[0:]
    numbers, valid = decode(column, PLACE)
    assert numbers.tolist() == [[1, 2, 3], [0, 0, 0], [8, 0, 9], [0, 0, 0]]
    assert valid.tolist() == [True, False, True, True]


def test_a_row_is_named_by_its_place_in_the_table():
    column = pa.array([None, [1.0], [1.0, 2.0]])
    with pytest.raises(DataError, match=r"row 0, 1, but row 12 has 2"):
        decode(column, PLACE, lambda i: i + 10)
