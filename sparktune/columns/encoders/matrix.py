"""Encoded columns side by side: the one matrix that a model takes in, and where each column lies in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import pyarrow as pa

from sparktune.columns.arrow import ColumnPlace, RowOf
from sparktune.columns.encoders.base import Encoder
from sparktune.columns.schema import Feature, places_of

# Units of numpy's times that Arrow lacks, and finer ones that it has.
UNITS = {"Y": "D", "M": "D", "W": "D", "h": "s", "m": "s"}


@final
@dataclass(frozen=True)
class Layout:
    """Where each column lies in a row of the matrix: quantities first, in the columns' order, then codes.

    Attributes:
        numbers: how many of a row's numbers, the first ones, are quantities.
        places: the numbers of each column.
    """

    numbers: int
    places: tuple[slice, ...]

    @property
    def width(self) -> int:
        """Numbers per row."""
        return max(int(place.stop) for place in self.places)


def layout_of(features: Sequence[Feature]) -> Layout:
    """The places of encoded features.

    Example:
        >>> from sparktune.columns import Feature
        >>> from sparktune.columns.encoders.category import CategoryEncoder
        >>> from sparktune.columns.encoders.number import NumberEncoder
        >>> city = CategoryEncoder(column_type="string", levels=("Oslo",), values=1)
        >>> age = NumberEncoder(column_type="bigint", median=40.0, mean=41.5, flag=True)
        >>> layout_of([Feature(name="city", encoder=city), Feature(name="age", encoder=age)])
        Layout(numbers=2, places=(slice(2, 3, None), slice(0, 2, None)))
    """
    numbers = sum(encoder.width for encoder in encoders_of(features) if not encoder.codes)
    return Layout(numbers, tuple(places_of(features)))


def encoders_of(features: Sequence[Feature]) -> list[Encoder]:
    """The encoder of each feature; of an encoded table all have one."""
    return [feature.encoder for feature in features if feature.encoder is not None]


def encoded(
    columns: Sequence[Any], features: Sequence[Feature], places: Sequence[ColumnPlace], row: RowOf = int
) -> tuple[np.ndarray, np.ndarray]:
    """Raw columns of equal length as the matrix, float32 (rows, width), and which rows have all numbers.

    `places` name the columns in errors, and `row` gives what names a row.

    Raises:
        InputError: that of the column's place: wrong type, or a value that has no numbers.
    """
    layout = layout_of(features)
    x = np.empty((len(columns[0]), layout.width), np.float32)
    valid = np.ones(len(x), bool)
    for column, encoder, at, place in zip(columns, encoders_of(features), layout.places, places, strict=True):
        fill(x[:, at], column, encoder, place, row)
        if encoder.shape:
            valid &= ~np.isnan(x[:, at]).any(axis=1)
    return x, valid


def fill(numbers: np.ndarray, column: Any, encoder: Encoder, place: ColumnPlace, row: RowOf = int) -> None:
    """Write a column's numbers into an array (rows, width); a chunk at a time.

    Raises:
        InputError: as `encoded`.
    """
    start = 0
    for chunk in chunks_of(column, place):
        if len(chunk):
            numbers[start : start + len(chunk)] = encoder.encode(chunk, place, _counted_from(start, row))
            start += len(chunk)


def _counted_from(start: int, row: RowOf) -> RowOf:
    return lambda number: row(start + number)


def chunks_of(column: Any, place: ColumnPlace) -> Sequence[pa.Array]:
    """The Arrow arrays of a column: of an Arrow or numpy array, or of Python values in one of objects.

    Raises:
        InputError: that of `place`: Arrow has no type for the values, or bytes of numpy are not UTF-8.
    """
    if hasattr(column, "chunks"):
        return column.chunks  # type: ignore[no-any-return]
    if isinstance(column, pa.Array):
        return [column]
    numpy = isinstance(column, np.ndarray)
    if numpy:
        column = column.astype(_known_to_arrow(column.dtype), copy=False)
    try:
        if numpy and column.ndim > 1:
            return [pa.FixedShapeTensorArray.from_numpy_ndarray(np.ascontiguousarray(column))]
        array = pa.array(column, from_pandas=numpy)
        return [array.cast(pa.string()) if numpy and column.dtype.kind == "S" else array]
    except (pa.ArrowException, UnicodeError) as error:
        raise place.error(f"{place.what} must hold values of one kind, text in UTF-8: {error}") from None


def _known_to_arrow(kind: np.dtype) -> np.dtype:
    """The type that holds the same values in this machine's byte order, times in a unit that Arrow has."""
    unit = np.datetime_data(kind)[0] if kind.kind == "M" else ""
    return np.dtype(f"M8[{UNITS[unit]}]") if unit in UNITS else kind.newbyteorder("=")
