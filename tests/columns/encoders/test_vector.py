"""Columns of several numbers a row."""

import numpy as np
import pyarrow as pa
import pytest

from sparktune.errors import DataError
from tests.columns.encoders.fitted import PLACE, encode, fit
from tests.columns.vectors import VECTOR, dense, sparse


def test_numbers_as_they_are() -> None:
    encoder = fit(pa.array([[1.5, 2], [3, 4]]))
    assert encoder.shape == (2,) and encoder.column_type == "array<float>"
    assert encode(encoder, [[5.0, 6]]) == [[5, 6]]
    assert encode(encoder, pa.array([dense(7, 8), sparse(2, {1: 9})], VECTOR)) == [[7, 8], [0, 9]]
    assert encode(encoder, pa.array([], pa.list_(pa.float32()))) == []


def test_a_row_that_lacks_one_has_no_numbers() -> None:
    encoder = fit(pa.array([[1.0, 2]]))
    found = encoder.encode(pa.array([[1.0, None], None, [3.0, 4.0]]), PLACE)
    np.testing.assert_array_equal(found, [[np.nan, np.nan], [np.nan, np.nan], [3, 4]])
    assert np.isnan(encoder.encode(pa.nulls(2, pa.list_(pa.float32())), PLACE)).all()


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            pa.chunked_array([[[1.0]], [[1.0, 2.0]]]),
            r"must have rows of one shape, but has \[\(1,\), \(2,\)\]",
        ),
        (pa.array([["a"]]), "must hold numbers, but its type is string"),
        (pa.nulls(2, pa.list_(pa.float32())), "must hold numbers, but has none"),
    ],
)
def test_what_is_refused(column: pa.Array, message: str) -> None:
    with pytest.raises(DataError, match=message):
        fit(column, "vector")


def test_another_width_than_in_training() -> None:
    with pytest.raises(DataError, match="'c' must hold 2 numbers in a row, but got 1"):
        encode(fit(pa.array([[1.0, 2]])), [[5.0]])
