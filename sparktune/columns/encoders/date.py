"""Dates, and times of a date."""

from typing import ClassVar, Literal, Self, final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, field_validator

from sparktune.columns.arrow import ColumnPlace, RowOf, plain
from sparktune.columns.buffers import to_numpy
from sparktune.columns.encoders.base import Encoder, EncoderOptions
from sparktune.columns.encoders.types import holds_dates, holds_words, sql_type
from sparktune.spec.base import Fault, sequence

Part = Literal["year", "month", "day", "weekday", "hour", "days"]
PARTS: tuple[Part, ...] = ("year", "month", "day", "weekday", "hour", "days")
A_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}  # in each unit
HOURS = 24
THURSDAY = 3  # the weekday of 1970-01-01, Monday being 0
ZONE = r"[T ].*(Z|[+-]\d\d(:?\d\d)?)$"
NANOSECONDS = r"(\.\d{6})\d{1,3}"


@final
class DateOptions(EncoderOptions):
    """How a column of dates is read."""

    kind: Literal["date"] = "date"
    parts: tuple[Part, ...] | None = sequence(
        None,
        min_length=1,
        description="what the network sees of a date, of year, month, day, weekday (Monday is 0), hour and "
        "days (since the first training row's); by default all that vary",
    )

    @field_validator("parts")
    @classmethod
    def _distinct(cls, parts: tuple[Part, ...] | None) -> tuple[Part, ...] | None:
        if parts is not None and len(set(parts)) < len(parts):
            raise Fault("must hold no part twice", value=list(parts))
        return parts


@final
class DateEncoder(Encoder):
    """Year, month, day, weekday, hour and days since the first: those of them that vary in training.

    A missing date has the training rows' median of each, and a flag where training rows lack some. Times with
    a time zone are taken in UTC, others as they stand.
    """

    kind: Literal["date"] = "date"
    parts: tuple[Part, ...] = sequence()
    medians: tuple[float, ...] = sequence(description="of each part, for a missing date")
    first: float = Field(description="the earliest training row, in days since 1970-01-01")
    last: float = Field(description="the latest training row, in days since 1970-01-01")
    flag: bool = Field(False, description="whether a last number is 1 where the date is missing, else 0")

    options: ClassVar[type[EncoderOptions]] = DateOptions

    @classmethod
    def fit(cls, column: pa.ChunkedArray, options: DateOptions, place: ColumnPlace) -> Self:
        """The parts that vary in the training rows, and their medians.

        Raises:
            InputError: they are no dates, or all are missing.
        """
        chunks = [_days(chunk, place, int) for chunk in column.chunks]
        days = np.concatenate([days[given] for days, _, given in chunks] or [np.empty(0, np.int64)])
        hours = np.concatenate([hours[given] for _, hours, given in chunks] or [np.empty(0)])
        if not len(days):
            raise place.error(f"{place.what} must hold dates, but all are missing; {place.way_out}")
        moments = days + hours / HOURS
        found = {part: _part(part, days, hours, float(moments.min())) for part in PARTS}
        varying = tuple(part for part in PARTS if found[part].min() < found[part].max())
        parts = varying if options.parts is None else options.parts
        missing = len(column) - len(days)
        return cls(
            column_type=sql_type(column.type),
            missing=missing,
            parts=parts,
            medians=tuple(float(np.median(found[part])) for part in parts),
            first=float(moments.min()),
            last=float(moments.max()),
            flag=missing > 0,
        )

    def encode(self, array: pa.Array, place: ColumnPlace, row: RowOf = int) -> np.ndarray:
        """The parts of each row, and the flag where there is one.

        Raises:
            InputError: a type that holds no dates, or text that is none.
        """
        days, hours, given = _days(array, place, row)
        if self.column_type == "date":
            hours = np.zeros(len(days))  # a time is left out, as SQL does where it casts to a date
        days[~given] = int(self.first)  # not 1970: rows of few days share a table of their parts
        encoded = np.zeros((len(days), self.width), np.float32)
        for number, part in enumerate(self.parts):
            encoded[:, number] = _part(part, days, hours, self.first)
        if not given.all():
            encoded[~given, : len(self.parts)] = self.medians
            if self.flag:
                encoded[:, -1] = ~given
        return encoded

    def sql(self, column: str) -> list[str] | None:
        """The parts, and the flag where there is one; None for text, of which Spark reads other forms."""
        if self.column_type == "string":
            return None
        date, hours = _date_and_hours(column, self.column_type)
        found = {
            "hour": f"floor({hours})",
            "days": f"unix_date({date}) + ({hours}) / {HOURS}D - {self.first!r}D",
        }
        parts = [found.get(part, f"{part}({date})") for part in self.parts]
        numbers = [
            f"coalesce(CAST({part} AS DOUBLE), {median!r}D)"
            for part, median in zip(parts, self.medians, strict=True)
        ]
        return [*numbers, f"IF({column} IS NULL, 1, 0)"] if self.flag else numbers

    @property
    def width(self) -> int:
        """The parts, and the flag."""
        return len(self.parts) + self.flag

    @property
    def flags(self) -> int:
        """The flag."""
        return int(self.flag)

    @property
    def constant(self) -> bool:
        """Whether all training rows have the same date."""
        return not self.parts and not self.flag

    @property
    def typical(self) -> str:
        """The first and the last date."""
        first, last = (str(np.datetime64(int(np.floor(moment)), "D")) for moment in (self.first, self.last))
        return f"{first} to {last}"


def _date_and_hours(column: str, kind: str) -> tuple[str, str]:
    """The date, and the hours since midnight with their fraction, in SQL; of a timestamp in UTC."""
    if kind == "date":
        return column, "0D"
    if kind == "timestamp":
        ticks, of_day = f"unix_micros({column})", f"pmod(unix_micros({column}), {A_DAY['us']}L)"
        date = f"date_from_unix_date(CAST(({ticks} - {of_day}) div {A_DAY['us']}L AS INT))"
        return date, f"{of_day} / {A_DAY['us'] / HOURS!r}D"
    seconds = f"CAST(extract(SECOND FROM {column}) AS DOUBLE)"
    return f"CAST({column} AS DATE)", f"hour({column}) + minute({column}) / 60D + {seconds} / 3600D"


def _days(array: pa.Array, place: ColumnPlace, row: RowOf) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whole days since 1970-01-01, hours since midnight with their fraction, and which rows have a date."""
    stored = plain(array)
    if pa.types.is_null(stored.type):
        stored = pa.nulls(len(stored), pa.date32())
    if holds_words(stored.type):
        stored = _parsed(stored.cast(pa.large_string()), place, row)
    if not holds_dates(stored.type):
        raise place.error(f"{place.what} must hold dates, but its type is {array.type}; {place.way_out}")
    given = to_numpy(stored.is_valid())
    if pa.types.is_date32(stored.type):
        days = to_numpy(stored.view(pa.int32())).astype(np.int64)
        return days, np.zeros(len(days)), given
    unit = stored.type.unit if pa.types.is_timestamp(stored.type) else "ms"
    ticks = to_numpy(stored.view(pa.int64()))
    days = ticks // A_DAY[unit]
    return days, (ticks - days * A_DAY[unit]) / (A_DAY[unit] // HOURS), given


def _parsed(words: pa.Array, place: ColumnPlace, row: RowOf) -> pa.Array:
    """Dates as text, such as 2024-01-31, 2024-01-31 08:30:00 or 2024-01-31T08:30:00+02:00."""
    words = words.cast(pa.large_string())
    try:
        return words.cast(pa.timestamp("us"))  # fast, as most text has no zone
    except pa.ArrowInvalid:
        pass
    try:
        return _moments(words)
    except pa.ArrowInvalid:
        for number in range(len(words)):
            try:
                _moments(words[number : number + 1])
            except pa.ArrowInvalid:
                raise place.error(
                    f"{place.what} must hold dates such as 2024-01-31 or 2024-01-31 08:30:00, but row "
                    f"{row(number)} holds {words[number].as_py()!r}; write it so, or make it null"
                ) from None
        raise


def _moments(words: pa.Array) -> pa.Array:
    """Text with and without zones, each word by itself, in microseconds; further digits are cut off.

    Raises:
        ArrowInvalid: it is no date.
    """
    cut = pc.replace_substring_regex(words, NANOSECONDS, r"\1")
    zoned, none = pc.match_substring_regex(cut, ZONE), pa.nulls(1, cut.type)[0]
    in_utc = pc.if_else(zoned, cut, none).cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
    return pc.coalesce(in_utc, pc.if_else(zoned, none, cut).cast(pa.timestamp("us")))


def _part(part: Part, days: np.ndarray, hours: np.ndarray, first: float) -> np.ndarray:
    """One number of each date, (rows,)."""
    numbers: np.ndarray = days + hours / HOURS - first if part == "days" else np.floor(hours)
    if part in ("days", "hour"):
        return numbers
    if not len(days):
        return days
    low, high = int(days.min()), int(days.max())
    if high - low >= len(days):
        return _of_calendar(part, days)
    table = _of_calendar(part, np.arange(low, high + 1))  # many rows of few days
    numbers = table[days - low]
    return numbers


def _of_calendar(part: Part, days: np.ndarray) -> np.ndarray:
    """Year, month, day or weekday of whole days since 1970-01-01."""
    numbers: np.ndarray
    dates = days.astype("M8[D]")
    months = dates.astype("M8[M]")
    match part:
        case "weekday":
            numbers = (days + THURSDAY) % 7
        case "year":
            numbers = months.astype("M8[Y]").astype(np.int64) + 1970
        case "month":
            numbers = months.astype(np.int64) % 12 + 1
        case _:
            numbers = (dates - months).astype(np.int64) + 1
    return numbers
