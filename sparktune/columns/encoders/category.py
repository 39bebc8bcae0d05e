"""Words, whole numbers or bools that name something."""

from functools import cached_property
from typing import ClassVar, Literal, Self, final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from sparktune.columns.arrow import ColumnPlace, RowOf, plain
from sparktune.columns.buffers import from_numpy, from_words, given, to_numpy
from sparktune.columns.encoders.base import Encoder, EncoderOptions
from sparktune.columns.encoders.types import array_literal, holds_words, sql_type, stands_for
from sparktune.spec.base import sequence

NULL, RARE, FIRST = 0, 1, 2  # the codes of no value, of a rare or unseen one, and of the commonest one
LEAST = 2  # a value that comes up less often is rare
ARROW = {"string": pa.large_string(), "bigint": pa.int64(), "boolean": pa.bool_()}
EXACT = 2**53  # a double holds all whole numbers below it, and makes none of them of a larger one
BIGINT = 2**63  # whole numbers below it, and above its negative, have 64 bits and a sign
HOLDS = {"string": "words", "bigint": "whole numbers", "boolean": "bools"}


@final
class CategoryOptions(EncoderOptions):
    """How a column of names is read."""

    kind: Literal["category"] = "category"
    levels: int = Field(
        100, ge=1, le=1_000_000, description="the commonest values, which get a code of their own"
    )


@final
class CategoryEncoder(Encoder):
    """A code for each of the commonest values, one for all others, and one for no value."""

    kind: Literal["category"] = "category"
    levels: tuple[bool | int | str, ...] = sequence(
        description="values of code 2, 3, ..., the commonest first"
    )
    values: int = Field(ge=0, description="different values in the training rows")
    common: int = Field(0, ge=0, description="training rows that hold the commonest one")
    rows: int = Field(0, ge=0, description="training rows")

    options: ClassVar[type[EncoderOptions]] = CategoryOptions

    @classmethod
    def fit(cls, column: pa.ChunkedArray, options: CategoryOptions, place: ColumnPlace) -> Self:
        """The commonest values of the training rows; of equally common ones the lower comes first.

        Raises:
            InputError: they are neither words, whole numbers nor bools.
        """
        kind = _kind(column, place)
        chunks = [_typed(chunk, kind, place).cast(ARROW[kind]) for chunk in column.chunks]
        counted = pc.value_counts(pa.chunked_array(chunks, ARROW[kind]).drop_null())
        pairs = zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True)
        found = sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
        return cls(
            column_type=kind,
            missing=sum(chunk.null_count for chunk in chunks),
            levels=tuple(value for value, count in found[: options.levels] if count >= LEAST),
            values=len(found),
            common=found[0][1] if found else 0,
            rows=len(column),
        )

    def encode(self, array: pa.Array, place: ColumnPlace, row: RowOf = int) -> np.ndarray:
        """The code of each row, from 0 to `codes` - 1.

        Raises:
            InputError: a type that the training rows did not have.
        """
        if isinstance(array, pa.ExtensionArray):
            array = array.storage
        if not isinstance(array, pa.DictionaryArray):
            return self._codes_of_values(array, place).astype(np.float32).reshape(-1, 1)
        of_words = self._codes_of_values(array.dictionary, place)
        codes = of_words[to_numpy(array.indices)] if len(of_words) else np.zeros(len(array), np.int64)
        if (valid := given(array.indices)) is not None:
            codes[~valid] = NULL
        return codes.astype(np.float32).reshape(-1, 1)

    def sql(self, column: str) -> list[str]:
        """The code."""
        if self.parameter_type == "double":
            column = f"nanvl({column}, NULL)"
        if not self.levels:
            return [f"IF({column} IS NULL, {NULL}, {RARE})"]
        levels = array_literal(self.levels, self.parameter_type)
        # A place counts from 1, and is 0 for what is not found.
        return [f"coalesce(array_position({levels}, {column}) + {FIRST - 1}, {NULL})"]

    @property
    def parameter_type(self) -> str:
        """DOUBLE in place of BIGINT, so that fractions stay unknown values, where it can hold all levels."""
        held = self.column_type == "bigint" and all(abs(level) < EXACT for level in self.levels)  # type: ignore[arg-type]
        return "double" if held else self.column_type

    @property
    def codes(self) -> int:
        """One for no value, one for rare values, and one for each level."""
        return FIRST + len(self.levels)

    @property
    def constant(self) -> bool:
        """Whether all training rows have the same value, or none."""
        return self.common + self.missing == self.rows and not (self.common and self.missing)

    @property
    def typical(self) -> str:
        """The commonest value."""
        return f"top {self.levels[0]!r}" if self.levels else "none twice"

    def _codes_of_values(self, array: pa.Array, place: ColumnPlace) -> np.ndarray:
        """Codes as whole numbers, (rows,)."""
        typed = _typed(array, self.column_type, place)
        if self.levels:
            known = self._level_values
            if typed.type == pa.uint64():
                known = from_numpy(to_numpy(known), to_numpy(known) >= 0)
            known = known.cast(typed.type, safe=False)  # floats lack whole numbers above 2**53
            codes = to_numpy(pc.index_in(typed, value_set=known), missing=RARE - FIRST) + FIRST
        else:
            codes = np.full(len(typed), RARE)
        if (valid := given(typed)) is not None:
            codes[~valid] = NULL
        return codes

    @cached_property
    def _level_values(self) -> pa.Array:
        if self.column_type == "string":
            return from_words([str(word) for word in self.levels], ARROW["string"])
        return from_numpy(np.array(self.levels, bool if self.column_type == "boolean" else np.int64))


def _kind(column: pa.ChunkedArray, place: ColumnPlace) -> str:
    """The type in Spark SQL of a column's values: string, bigint or boolean.

    Floats and decimals are bigint where all are whole, as pandas stores whole numbers beside missing ones.
    """
    kind = stands_for(column.type)
    found = sql_type(kind)
    if holds_words(kind) or pa.types.is_null(kind):
        return found
    if found in ("boolean", "bigint") and kind != pa.uint64():
        return found
    if found in ("bigint", "double") or found.startswith("decimal"):
        for chunk in column.chunks:
            numbers = to_numpy(_typed(chunk, "bigint", place).drop_null())
            odd = numbers[(numbers != np.floor(numbers)) | (np.abs(numbers) >= BIGINT)]
            if len(odd):
                raise place.error(
                    f"{place.what} must hold words, whole numbers of 64 bits or bools to be a category, but "
                    f"holds {odd[0]}; use kind: number"
                )
        return "bigint"
    raise place.error(
        f"{place.what} must hold words, whole numbers or bools to be a category, but its type is {kind}; "
        f"{place.way_out}"
    )


def _typed(array: pa.Array, kind: str, place: ColumnPlace) -> pa.Array:
    """The values as Arrow's type of `kind`; numbers that may not be whole as float64, NaN as NULL.

    Whole numbers that may be too large for a sign stay unsigned.

    Raises:
        InputError: they have another type.
    """
    stored = plain(array)
    found = sql_type(stored.type)
    if pa.types.is_null(stored.type):
        return pa.nulls(len(stored), ARROW[kind])
    if kind == "bigint" and (found == "double" or found.startswith("decimal")):
        numbers = pc.add(stored.cast(pa.float64()), from_numpy(np.zeros(1))[0])  # makes 0 of -0.0
        return pc.if_else(pc.is_nan(numbers), pa.nulls(1, pa.float64())[0], numbers)
    if found == kind and (kind != "string" or holds_words(stored.type)):
        return stored if stored.type == pa.uint64() else stored.cast(ARROW[kind], safe=False)
    raise place.error(
        f"{place.what} must hold {HOLDS[kind]}, as in training, but its type is {array.type}; {place.way_out}"
    )
