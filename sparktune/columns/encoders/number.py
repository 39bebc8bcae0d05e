"""Numbers, perhaps with missing ones."""

from typing import Annotated, ClassVar, Literal, Self, final

import numpy as np
import pyarrow as pa
from pydantic import Field, field_validator

from sparktune.columns.arrow import ColumnPlace, RowOf, decode, plain
from sparktune.columns.encoders.base import Encoder, EncoderOptions
from sparktune.columns.encoders.types import FLOAT32_MAX, holds_numbers, literal, sql_type
from sparktune.spec.base import Fault, sequence

Tails = Annotated[float, Field(gt=0, lt=0.5)]
Ends = Annotated[tuple[float, float], Field(strict=False)]


@final
class NumberOptions(EncoderOptions):
    """How a column of numbers is read."""

    kind: Literal["number"] = "number"
    missing: Literal["median", "error"] = Field("median", description="what a missing number becomes")
    flag: bool | None = Field(
        None,
        description="a second number says whether the first was missing; by default where training rows "
        "lack some",
    )
    clip: Tails | Ends | None = Field(
        None,
        description="[low, high] that numbers are cut to, or the share of training rows to cut at each end",
    )

    @field_validator("clip")
    @classmethod
    def _ascending(cls, clip: float | tuple[float, float] | None) -> float | tuple[float, float] | None:
        if isinstance(clip, tuple) and clip[0] >= clip[1]:
            raise Fault("must name a low end and a higher one", value=list(clip))
        return clip


@final
class NumberEncoder(Encoder):
    """A number as it is, the training rows' median where it is missing; perhaps a flag that says so."""

    kind: Literal["number"] = "number"
    median: float
    mean: float
    flag: bool = Field(False, description="whether a second number is 1 where the first is missing, else 0")
    required: bool = Field(False, description="whether a missing number is an error")
    clip: tuple[float, float] | None = sequence(None, description="the ends that numbers are cut to")
    varies: bool = Field(True, description="whether the training rows differ")

    options: ClassVar[type[EncoderOptions]] = NumberOptions

    @classmethod
    def fit(cls, column: pa.ChunkedArray, options: NumberOptions, place: ColumnPlace) -> Self:
        """Median, mean and ends of the training rows' numbers.

        Raises:
            InputError: they are no numbers, all missing, infinite or beyond float32.
        """
        parts = [_numbers(chunk, place, int) for chunk in column.chunks]
        values = np.concatenate([numbers[given] for numbers, given in parts] or [np.empty(0)])
        missing = len(column) - len(values)
        if not len(values):
            raise place.error(f"{place.what} must hold numbers, but all are missing; {place.way_out}")
        low, high = float(values.min()), float(values.max())
        if max(-low, high) > FLOAT32_MAX:
            raise place.error(
                f"{place.what} must hold finite float32 numbers, but holds {low if -low > high else high}; "
                "leave such rows out"
            )
        return cls(
            column_type=_type(column.type),
            missing=missing,
            median=float(np.median(values)),
            mean=float(values.mean()),
            flag=missing > 0 if options.flag is None else options.flag,
            required=options.missing == "error",
            clip=_ends(values, options.clip),
            varies=missing > 0 or low < high,
        )

    def encode(self, array: pa.Array, place: ColumnPlace, row: RowOf = int) -> np.ndarray:
        """The number, and the flag where there is one.

        Raises:
            InputError: a type that holds no numbers, or a missing one where that is an error.
        """
        values, given = _numbers(array, place, row)
        missing = None if given.all() else ~given
        if self.required and missing is not None:
            raise place.error(_without_number(place.what, f"row {row(int(missing.argmax()))}"))
        encoded = np.zeros((len(values), self.width), np.float32)
        if self.clip is not None:
            values = np.clip(values, *self.clip)
        with np.errstate(over="ignore"):
            encoded[:, 0] = values
        if missing is not None:
            encoded[missing, 0] = self.median if self.clip is None else np.clip(self.median, *self.clip)
            if self.flag:
                encoded[:, 1] = missing
        return encoded

    def sql(self, column: str) -> list[str]:
        """The number, and the flag where there is one."""
        given = f"nanvl(CAST({column} AS DOUBLE), NULL)"
        instead = f"{self.median!r}D"
        if self.required:
            name = column.partition("`")[2].rpartition("`")[0].replace("``", "`") or column
            instead = f"raise_error({literal(_without_number(f'feature column {name!r}', 'one'))})"
        found = f"coalesce({given}, {instead})"
        if self.clip is not None:
            found = f"least(greatest({found}, {self.clip[0]!r}D), {self.clip[1]!r}D)"
        return [found, f"IF({given} IS NULL, 1, 0)"] if self.flag else [found]

    @property
    def parameter_type(self) -> str:
        """DOUBLE in place of decimals, as new rows may have more digits."""
        return "double" if self.column_type.startswith("decimal") else self.column_type

    @property
    def width(self) -> int:
        """The number, and the flag."""
        return 1 + self.flag

    @property
    def flags(self) -> int:
        """The flag."""
        return int(self.flag)

    @property
    def constant(self) -> bool:
        """Whether all training rows have the same number."""
        return not self.varies

    @property
    def typical(self) -> str:
        """The mean."""
        return f"mean {self.mean:.4g}"


def _type(kind: pa.DataType) -> str:
    """Whole numbers are double, too, so that new rows may hold fractions."""
    found = sql_type(kind)
    return "double" if found == "bigint" else found


def _without_number(what: str, which: str) -> str:
    """What is said of a missing number where that is an error; `which` names the row."""
    return (
        f"{what} must have a number in every row, as it says missing: error, but {which} has none; "
        "fill it or leave the row out"
    )


def _numbers(array: pa.Array, place: ColumnPlace, row: RowOf) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of an array as float64 (rows,), and which are there, (rows,): neither NULL nor NaN."""
    stored = plain(array)
    if not holds_numbers(stored.type) and not pa.types.is_null(stored.type):
        raise place.not_numbers(array.type)
    values, valid = decode(stored, place, row)
    numbers = values.astype(np.float64, copy=False)
    given = ~np.isnan(numbers)
    return numbers, given if valid is None else given & valid


def _ends(values: np.ndarray, clip: float | tuple[float, float] | None) -> tuple[float, float] | None:
    """The ends to cut at; a share becomes the training rows' own quantiles."""
    if clip is None or isinstance(clip, tuple):
        return clip
    low, high = np.quantile(values, [clip, 1 - clip])
    return float(low), float(high)
