import numpy as np
import pyarrow as pa
import pytest

from sparktune.data.features import plain_columns
from sparktune.data.inputs import read_inputs
from sparktune.data.table import Table
from sparktune.errors import DataError


def features_of(names, tables):
    """The features, and x of each table."""
    columns = plain_columns(names, tables, np.empty(0))
    arrays = read_inputs(columns, tables, [[np.arange(len(table))] for table in tables])
    return columns.features, [x for (x,) in arrays]


def x_of(**columns):
    features, (x,) = features_of(tuple(columns), [Table(columns)])
    return features, x


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (np.uint8([0, 255]), "uint8"),
        (np.array([True, False]), "uint8"),
        (np.int8([-1, 1]), "int32"),
        (np.array([0, 2**31 - 1]), "int32"),
        (np.array([0, 2**31]), "float32"),
        (np.uint64([0, 2**63]), "float32"),
        (np.array([0.5, 1.5]), "float32"),
        (np.float16([0.5, 1.5]), "float32"),
        (np.array([0.5, 1.5], dtype=">f8"), "float32"),
        (np.array([1, 2], dtype=">i4"), "int32"),
    ],
)
def test_dtypes_stay_compact(given, kept):
    (feature,), x = x_of(a=given)
    assert feature.dtype == kept and x.dtype == np.dtype(kept) and x.shape == (2, 1)
    np.testing.assert_array_equal(x[:, 0], given.astype(kept))


def test_one_array_keeps_its_shape():
    image = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (feature,), x = x_of(image=image)
    assert feature.shape == (3, 4) and x.dtype == np.uint8
    np.testing.assert_array_equal(x, image)


def test_several_features_stand_side_by_side():
    features, x = x_of(a=np.array([1, 2]), v=np.array([[3.5, 4], [5, 6]]), m=np.arange(8).reshape(2, 2, 2))
    assert [(f.name, f.dtype, f.shape, f.width) for f in features] == [
        ("a", "int32", (), 1),
        ("v", "float32", (2,), 2),
        ("m", "int32", (2, 2), 4),
    ]
    assert x.dtype == np.float32 and x.tolist() == [[1, 3.5, 4, 0, 1, 2, 3], [2, 5, 6, 4, 5, 6, 7]]


def test_tables_share_one_dtype():
    tables = [Table({"a": np.uint8([1])}), Table({"a": np.array([-1])}), Table({"a": np.array([0.5])})]
    features, arrays = features_of(("a",), tables)
    assert features[0].dtype == "float32" and [a.dtype for a in arrays] == [np.float32] * 3
    features, arrays = features_of(("a",), tables[:2])
    assert features[0].dtype == "int32" and arrays[1].tolist() == [[-1]]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (np.array([1.0, np.nan]), r"feature 'a' must hold finite float32 numbers, but holds nan in row 1;"),
        (np.array([np.inf, 1.0]), r"holds inf in row 0;"),
        (np.array([1e300, 1.0]), r"holds 1e\+300 in row 0;"),
        (np.array([[1.0, 2.0], [3.0, -np.inf]]), r"holds -inf in row 1, place \[1\]"),
        (pa.array([1, None]), r"holds nan in row 1;"),
        (pa.array([True, None]), r"holds nan in row 1;"),
        (pa.array(["1", "x"]), r"feature 'a' must be numeric, but row 1 holds 'x'"),
        (pa.array(["1", "2"]), r"it holds numbers written as text"),
        (np.array([1j, 2]), r"its type is complex128"),
        (np.zeros((2, 0)), r"must hold numbers, but its shape is \(2, 0\)"),
        (pa.array([[1.0], [1.0, 2.0]]), r"'a' is ragged: .* row 0, 1, but row 1 has 2"),
    ],
)
def test_features_that_cannot_be_used(column, message):
    with pytest.raises(DataError, match=message):
        x_of(a=column)


def test_numbers_whose_sum_overflows_are_still_numbers():
    largest = np.finfo(np.float32).max
    _, x = x_of(a=np.full(3, largest, dtype=np.float32))
    assert x.tolist() == [[largest]] * 3


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.arange(2**40, 2**40 + 50), True),
        (np.arange(2**30, 2**30 + 50), True),
        (np.arange(2**40, 2**40 + 50, dtype=np.float64), True),
        (np.arange(50) * 2**25, False),
        (np.arange(50), False),
        (np.linspace(1e9, 1e9 + 1, 50), False),
        (np.array([1e39, 1.0]), False),
    ],
)
def test_ids_that_float32_does_not_hold_apart_are_said(caplog, values, said):
    if values.max() < 1e38:
        features_of(("user",), [Table({"user": values})])
    found = [r.getMessage() for r in caplog.records if "different values" in r.getMessage()]
    assert ["feature 'user' has 50 different values" in message for message in found] == [True] * said
