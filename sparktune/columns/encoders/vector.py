"""Columns of several numbers a row: arrays, ML vectors, float32 bytes."""

from typing import ClassVar, Literal, Self, final

import numpy as np
import pyarrow as pa

from sparktune.columns.arrow import ColumnPlace, RowOf, decode
from sparktune.columns.encoders.base import Encoder, EncoderOptions
from sparktune.spec.base import sequence


@final
class VectorOptions(EncoderOptions):
    """A column of several numbers a row, taken as they are."""

    kind: Literal["vector"] = "vector"


@final
class VectorEncoder(Encoder):
    """The numbers of a row as they are; a row with a missing one has no prediction."""

    kind: Literal["vector"] = "vector"
    sides: tuple[int, ...] = sequence(description="the shape of a row's numbers")

    options: ClassVar[type[EncoderOptions]] = VectorOptions

    @classmethod
    def fit(cls, column: pa.ChunkedArray, options: VectorOptions, place: ColumnPlace) -> Self:
        """The shape that all rows have.

        Raises:
            InputError: they hold no numbers, or rows of different shapes.
        """
        found = [decode(chunk, place) for chunk in column.chunks if len(chunk)]
        shapes = {
            numbers.values.shape[1:] for numbers in found if numbers.valid is None or numbers.valid.any()
        }
        if len(shapes) != 1:
            rule = (
                f"have rows of one shape, but has {sorted(shapes)}"
                if shapes
                else "hold numbers, but has none"
            )
            raise place.error(f"{place.what} must {rule}; {place.way_out}")
        return cls(column_type="array<float>", missing=column.null_count, sides=shapes.pop())

    def encode(self, array: pa.Array, place: ColumnPlace, row: RowOf = int) -> np.ndarray:
        """The numbers, float32 (rows, width); NaN in rows that lack one.

        Raises:
            InputError: a type that holds no numbers, or another shape than in training.
        """
        values, valid = decode(array, place, row)
        encoded = np.full((len(values), self.width), np.nan, np.float32)
        if not len(values) or (valid is not None and not valid.any()):
            return encoded
        if values.size != encoded.size:
            got = values.size // len(values)
            raise place.error(f"{place.what} must hold {self.width} numbers in a row, but got {got}")
        flat = values.reshape(len(values), self.width)
        with np.errstate(over="ignore"):
            encoded[:] = flat
        if valid is not None:
            encoded[~valid] = np.nan
        return encoded

    @property
    def width(self) -> int:
        """The numbers of a row."""
        return int(np.prod(self.sides, dtype=np.int64))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a row's numbers."""
        return self.sides
