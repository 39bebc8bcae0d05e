"""Encoded columns side by side."""

import numpy as np
import pyarrow as pa
import pytest

from sparktune.columns import Feature
from sparktune.columns.encoders.matrix import chunks_of, encoded, layout_of
from sparktune.errors import DataError
from tests.columns.encoders.fitted import PLACE, fit

COLUMNS = {
    "city": pa.chunked_array([["a", None], ["a", "b"]]),
    "age": pa.chunked_array([[1, None, 3, 4]]),
    "spot": pa.chunked_array([[[1.0, 2], None], [[3, 4], [5, 6]]]),
    "vip": pa.chunked_array([[True, True, False, False]]),
}
FEATURES = [Feature.encoded(name, fit(column)) for name, column in COLUMNS.items()]


def test_quantities_come_first_then_codes() -> None:
    layout = layout_of(FEATURES)
    assert (layout.numbers, layout.width) == (4, 6)
    assert [(place.start, place.stop) for place in layout.places] == [(4, 5), (0, 2), (2, 4), (5, 6)]
    x, valid = encoded(list(COLUMNS.values()), FEATURES, [PLACE] * 4)
    assert valid.tolist() == [True, False, True, True]
    assert x[valid].tolist() == [[1, 0, 1, 2, 2, 3], [3, 0, 3, 4, 2, 2], [4, 0, 5, 6, 1, 2]]


def test_an_error_names_the_row_of_the_table() -> None:
    columns = {**COLUMNS, "age": pa.chunked_array([[1, 2], [3, None]])}
    features = [*FEATURES[:1], Feature.encoded("age", fit(pa.array([1]), missing="error")), *FEATURES[2:]]
    with pytest.raises(DataError, match="but row 3 has none"):
        encoded(list(columns.values()), features, [PLACE] * 4)


@pytest.mark.parametrize(
    ("column", "rows"),
    [
        (np.array(["a", "b"]), ["a", "b"]),
        (np.array([b"a", b"b"]), ["a", "b"]),
        (np.array(["ö".encode(), b"b"]), ["ö", "b"]),
        (np.array([1.5, np.nan]), [1.5, None]),
        (np.array(["2024-01-31"], "M8[D]"), ["2024-01-31"]),
        (np.array(["2024-01", "NaT"], "M8[M]"), ["2024-01-01", None]),
        (np.array(["2024-01-31T08"], ">M8[h]"), ["2024-01-31 08:00:00"]),
        (np.array([1.5, np.nan], ">f8"), [1.5, None]),
        (np.array(["a", "b"], ">U1"), ["a", "b"]),
        (np.array([[1, 2], [3, 4]], ">i4"), [[1, 2], [3, 4]]),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (["a", None], ["a", None]),
    ],
)
def test_columns_of_numpy_and_python(column, rows) -> None:
    (chunk,) = chunks_of(column, PLACE)
    found = [str(row) if hasattr(row, "isoformat") else row for row in chunk.to_pylist()]
    assert found == rows


@pytest.mark.parametrize("column", [np.array(["ö".encode("latin1")]), np.array([1, "a"], object)])
def test_columns_that_arrow_has_no_type_for(column) -> None:
    with pytest.raises(DataError, match="'c' must hold values of one kind, text in UTF-8: "):
        encoded([column], FEATURES[:1], [PLACE])
