"""The inputs of a model: the numbers of its feature columns side by side."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from sparktune.columns.arrow import ColumnPlace, Decoded, RowOf, decode
from sparktune.columns.encoders.matrix import encoded
from sparktune.columns.schema import Feature
from sparktune.errors import ScoringError

Filled = tuple[np.ndarray, np.ndarray]


@np.errstate(over="ignore")
def side_by_side(
    columns: Sequence[Any], features: Sequence[Feature], dtype: np.dtype, row: RowOf = int
) -> Filled:
    """The numbers of equally long columns, (rows, width), and which rows hold no NULL, (rows,) bool.

    A column is an Arrow or numpy array; features with encoders take raw values. A row with a NULL, inside an
    array too, is not valid: its numbers mean nothing. A number that `dtype` is too small for is infinite, as
    encoders have it; training refuses those. `row` gives what names a row in errors, its number by
    default.

    Raises:
        ScoringError: a column is not numeric, of several types, ragged, or not as wide as its feature; or is
        refused by its encoder.
    """
    if features[0].encoder is not None:
        places = [_place(feature.name, feature.width if feature.shape else None) for feature in features]
        raw = [_raw(column, feature.name) for column, feature in zip(columns, features, strict=True)]
        return encoded(raw, features, places, row)
    if len(features) == 1:
        return numbers(columns[0], features[0].name, features[0].width, dtype, row)
    rows = len(columns[0])
    x = np.empty((rows, sum(feature.width for feature in features)), dtype)
    valid = np.ones(rows, bool)
    at = 0
    for column, feature in zip(columns, features, strict=True):
        found, present = _decoded(column, feature.name, feature.width, row)
        x[:, at : at + feature.width] = found
        if present is not None:
            valid &= present
        at += feature.width
    return x, valid


def numbers(column: Any, name: str, width: int, dtype: np.dtype, row: RowOf = int) -> Filled:
    """One column's numbers, (rows, width), and which rows hold no NULL."""
    found, present = _decoded(column, name, width, row)
    return found.astype(dtype, copy=False), np.ones(len(found), bool) if present is None else present


def _decoded(column: Any, name: str, width: int, row: RowOf) -> Decoded:
    """The column's numbers as (rows, width), in the type that they are stored in."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "biuf":
        found, valid = column, None
    else:
        found, valid = decode(_arrow(column, name), _place(name, width), row)
    if not len(found) or (valid is not None and not valid.any()):
        return Decoded(np.zeros((len(found), width), np.float32), valid)
    if found.size != len(found) * width:
        got = found.size // len(found)
        raise ScoringError(f"feature column {name!r} must hold {width} numbers in a row, but got {got}")
    return Decoded(found.reshape(len(found), width), valid)


def _place(name: str, width: int | None) -> ColumnPlace:
    return ColumnPlace(f"feature column {name!r}", ScoringError, "cast it", width)


def _raw(column: Any, name: str) -> Any:
    """The column with Python's objects, which may be missing ones, as an Arrow array."""
    return _arrow(column, name) if isinstance(column, np.ndarray) and column.dtype.kind == "O" else column


def _arrow(column: Any, name: str) -> pa.Array:
    """One Arrow array of an Arrow column, or of Python objects and numpy arrays in a numpy array.

    Raises:
        ScoringError: the objects are of several types, or too large.
    """
    if not isinstance(column, pa.Array | pa.ChunkedArray):
        nested = any(isinstance(value, list | tuple | np.ndarray) for value in column)
        plain = [value.ravel() if isinstance(value, np.ndarray) else value for value in column]
        try:
            column = pa.array(plain, from_pandas=not nested)  # NaN inside an array stays NaN
        except (pa.ArrowException, OverflowError, UnicodeError) as error:
            raise ScoringError(
                f"feature column {name!r} must hold values of one type, whole numbers of 64 bits and "
                f"text that UTF-8 has: {error}"
            ) from None
    if isinstance(column, pa.ChunkedArray):
        return pa.concat_arrays(column.chunks) if column.num_chunks else pa.nulls(0, column.type)
    return column
