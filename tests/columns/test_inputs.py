"""Every way in which a column holds numbers."""

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sparktune.columns.encoders.category import CategoryEncoder
from sparktune.columns.inputs import numbers, side_by_side
from sparktune.columns.schema import Feature
from sparktune.errors import ScoringError
from tests.columns.vectors import VECTOR

F4 = np.dtype("f4")


def packed(*rows: list[float] | None) -> list[bytes | None]:
    return [None if row is None else np.array(row, "<f4").tobytes() for row in rows]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, None, 3], pa.int64()),
        pa.array([1.0, None, 3.0], pa.float32()),
        pa.array([Decimal("1.0"), None, Decimal("3.0")]),
        pa.array([1, None, 3]).dictionary_encode(),
        pa.chunked_array([[1, None], [3]]),
        np.array([1, None, 3], object),
    ],
)
def test_scalars(column: Any) -> None:
    x, valid = numbers(column, "c", 1, F4)
    assert x.dtype == F4
    assert x[:, 0].tolist() == [1, 0, 3]
    assert valid.tolist() == [True, False, True]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[1, 2, 3, 4], None, [5, 6, 7, 8]]),
        pa.array([[1.0, 2, 3, 4], None, [5, 6, 7, 8]], pa.large_list(pa.float64())),
        pa.array([[1, 2, 3, 4], None, [5, 6, 7, 8]], pa.list_(pa.float32(), 4)),
        pa.array([[[1, 2], [3, 4]], None, [[5, 6], [7, 8]]]),
        pa.array([[0] * 4, [1, 2, 3, 4], None, [5, 6, 7, 8]])[1:],
        pa.array(packed([1, 2, 3, 4], None, [5, 6, 7, 8])),
        pa.array(packed([0] * 4, [1, 2, 3, 4], None, [5, 6, 7, 8]), pa.large_binary())[1:],
        pa.array(packed([1, 2, 3, 4], None, [5, 6, 7, 8]), pa.binary(16)),
        pa.array(
            [
                {"type": 1, "size": None, "indices": None, "values": [1, 2, 3, 4]},
                None,
                {"type": 0, "size": 4, "indices": [3, 0, 1, 2], "values": [8, 5, 6, 7]},
            ],
            VECTOR,
        ),
    ],
)
def test_arrays(column: pa.Array) -> None:
    x, valid = numbers(column, "c", 4, F4)
    assert x.dtype == F4
    assert x[valid].tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert valid.tolist() == [True, False, True]


def test_sparse_vectors_are_zero_elsewhere() -> None:
    sparse = {"type": 0, "size": 4, "indices": [2], "values": [9]}
    assert numbers(pa.array([sparse], VECTOR), "c", 4, F4)[0].tolist() == [[0, 0, 9, 0]]


def test_null_inside_an_array_is_a_null_row() -> None:
    _, valid = numbers(pa.array([[1.0, 2.0], [None, 2.0], None]), "c", 2, F4)
    assert valid.tolist() == [True, False, False]


def test_booleans_are_numbers() -> None:
    assert numbers(pa.array([True, False]), "c", 1, F4)[0].tolist() == [[1], [0]]


@pytest.mark.parametrize(
    "column", [pa.array([], pa.list_(pa.float32())), pa.nulls(2), pa.array([[None] * 3])]
)
def test_columns_without_numbers(column: pa.Array) -> None:
    x, valid = numbers(column, "c", 3, F4)
    assert x.shape == (len(column), 3)
    assert not valid.any()


@pytest.mark.parametrize(
    ("column", "width", "message"),
    [
        (pa.array(["1.5"]), 1, "must hold numbers, but its type is string; cast it"),
        (pa.array([["a", "b"]]), 2, "must hold numbers, but its type is string; cast it"),
        (
            pa.array([[1.0, 2], [1.0]]),
            2,
            "must hold 2 numbers in a row, but row 1 holds 1",
        ),
        (pa.array([[1.0, 2, 3], [1.0, 2]]), 2, "must hold 2 numbers in a row, but row 0 holds 3"),
        (
            pa.array([[[1.0, 2]], [[3.0]]]),
            2,
            "ragged: all rows must have the length of row 0, 2, but row 1 has 1",
        ),
        (pa.array([b"12345678", b"12345"]), 2, r"must hold 2 numbers in a row, but row 1 holds 5 bytes"),
        (pa.array([b"12345678"]), 3, r"must hold 3 numbers in a row, but row 0 holds 8 bytes"),
        (pa.array([0], pa.timestamp("ns")), 1, r"its type is timestamp\[ns\]; cast it"),
        (pa.array([1.0]), 2, "must hold 2 numbers in a row, but got 1"),
        (np.zeros((4, 3)), 2, "must hold 2 numbers in a row, but got 3"),
        (np.array([2**64 - 1, None], object), 1, "must hold values of one type, whole numbers of 64"),
        (np.array(["a", 1], object), 1, "must hold values of one type"),
        (
            np.array(["a", "\udce4"], object),
            1,
            "must hold values of one type, .* and text that UTF-8 has: 'utf",
        ),
    ],
)
def test_what_is_refused(column: Any, width: int, message: str) -> None:
    with pytest.raises(ScoringError, match=f"'c'.*{message}"):
        numbers(column, "c", width, F4)


def test_raw_values_of_several_types_are_refused() -> None:
    feature = Feature.encoded("c", CategoryEncoder(column_type="bigint", levels=(1,), values=1))
    for values in ([2**64 - 1], ["a", 1]):
        with pytest.raises(ScoringError, match="'c' must hold values of one type, whole numbers of 64 bits"):
            side_by_side([np.array(values, object)], [feature], F4)


@pytest.mark.parametrize("others", [0, 1])
def test_numbers_beyond_float32_are_infinite(others: int) -> None:
    column = pa.array([1e300, -1e300, 1.0])
    features = [Feature(name=f"f{i}") for i in range(1 + others)]
    x, valid = side_by_side([column] * len(features), features, np.dtype(np.float32))
    assert x.tolist() == [[value] * len(features) for value in (np.inf, -np.inf, 1.0)]
    assert valid.all()
