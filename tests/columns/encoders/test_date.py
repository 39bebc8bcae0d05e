"""Dates and times of a date."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from sparktune.columns.encoders.date import DateOptions
from sparktune.errors import DataError
from tests.columns.encoders.fitted import encode, fit

TRAINING = pa.array([date(2023, 12, 31), date(2024, 2, 29), date(1969, 7, 20)])


def test_parts_that_vary() -> None:
    encoder = fit(TRAINING)
    assert encoder.model_dump()["parts"] == ("year", "month", "day", "weekday", "days")
    assert encode(encoder, pa.array([date(2024, 2, 29), date(1969, 7, 20)])) == [
        [2024, 2, 29, 3, 19947],
        [1969, 7, 20, 6, 0],
    ]
    assert encode(encoder, [None]) == [[2023, 7, 29, 6, 19887]]
    assert encoder.typical == "1969-07-20 to 2024-02-29"
    assert fit(pa.array([date(2024, 1, 1), date(2024, 1, 9)])).model_dump()["parts"] == (
        "day",
        "weekday",
        "days",
    )


def test_times_have_an_hour_and_parts_of_days() -> None:
    column = pa.array([datetime(2024, 1, 1, 6, 30), datetime(2024, 1, 1, 18, 30), None])
    encoder = fit(column)
    assert encode(encoder, column) == [[6, 0, 0], [18, 0.5, 0], [12, 0.25, 1]]
    assert encode(fit(column, parts=["year"]), column) == [[2024, 0], [2024, 0], [2024, 1]]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_units_and_zones_make_no_difference(unit: str) -> None:
    moment = datetime(2024, 5, 6, 7, 8, 9)
    encoder = fit(pa.array([moment, datetime(1950, 1, 1)]))
    expected = encode(encoder, pa.array([moment]))
    assert encode(encoder, pa.array([moment], pa.timestamp(unit))) == expected
    assert (
        encode(encoder, pa.array([moment.replace(tzinfo=UTC)], pa.timestamp(unit, "Asia/Tokyo"))) == expected
    )
    assert encode(encoder, pa.array(["2024-05-06 07:08:09"])) == expected
    assert encode(encoder, pa.array([np.datetime64(moment, "us")])) == expected


def test_text_with_zones_is_taken_in_utc_and_digits_below_microseconds_are_cut_off() -> None:
    words = ["2024-05-06T09:08:09+02:00", "2024-05-06 07:08:09Z", "2024-05-06T02:08:09.000000999-0500", None]
    encoder = fit(pa.array(["2024-05-06 07:08:09", "1950-01-01T00:00:00.5", None]), "date")
    same = [encode(encoder, [word]) for word in ["2024-05-06T07:08:09", None]]
    for kind in (pa.string(), pa.string_view()):
        assert encode(encoder, pa.array([*words, "1950-01-01"], kind))[:4] == [*same[0] * 3, *same[1]]


def test_text_has_no_sql() -> None:
    assert fit(pa.array(["2024-01-01", "2024-01-02"]), "date").sql("c") is None
    assert fit(TRAINING).sql("c")


def test_dates_of_both_sizes() -> None:
    encoder = fit(TRAINING)
    assert encode(encoder, TRAINING.cast(pa.date64())) == encode(encoder, TRAINING)
    assert encode(encoder, TRAINING.cast(pa.timestamp("s"))) == encode(encoder, TRAINING)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (pa.array(["2024-01-31", "31.1.2024"]), r"must hold dates such as 2024-01-31 .* but row 1 holds '31"),
        (pa.array(["2024-01-31T01:02Z", ""]), r"but row 1 holds ''; write it so, or make it null"),
        (pa.array([1]), "must hold dates, but its type is int64; cast it"),
    ],
)
def test_what_is_no_date(given: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        encode(fit(TRAINING), given)


def test_what_cannot_be_fitted() -> None:
    with pytest.raises(DataError, match="must hold dates, but all are missing"):
        fit(pa.array([None], pa.date32()))
    with pytest.raises(ValidationError, match="no part twice"):
        DateOptions(parts=("year", "year"))
    assert fit(pa.array([date(2024, 1, 1)] * 2)).constant
