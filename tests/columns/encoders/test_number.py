"""Numbers with missing ones."""

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from sparktune.columns.encoders.number import NumberOptions
from sparktune.errors import DataError
from tests.columns.encoders.fitted import encode, fit


def test_missing_numbers_become_the_median_and_a_flag() -> None:
    encoder = fit(pa.array([1.0, None, 3.0, float("nan"), 8.0]))
    assert (encoder.missing, encoder.width, encoder.flags, encoder.codes) == (2, 2, 1, 0)
    assert encode(encoder, [5.0, None, float("nan")]) == [[5, 0], [3, 1], [3, 1]]
    assert encoder.typical == "mean 4"


def test_a_column_that_was_whole_in_training_has_no_flag_unless_asked_for() -> None:
    assert encode(fit(pa.array([1, 2, 9])), pa.array([7, None])) == [7, 2]
    assert encode(fit(pa.array([1, 2, 9]), flag=True), pa.array([7, None])) == [[7, 0], [2, 1]]
    assert encode(fit(pa.array([1, None]), flag=False), pa.array([7, None])) == [7, 1]


def test_a_missing_number_may_be_an_error() -> None:
    encoder = fit(pa.array([1, 2]), missing="error")
    with pytest.raises(DataError, match=r"'c' must have a number in every row, .* but row 1 has none"):
        encode(encoder, pa.array([1, None]))


@pytest.mark.parametrize(("clip", "ends"), [([2, 3], [2, 3]), (0.25, [1.75, 3.25])])
def test_numbers_are_cut(clip: Any, ends: list[float]) -> None:
    encoder = fit(pa.array([1, 2, 3, 4]), clip=clip)
    assert encode(encoder, pa.array([-100, 100])) == ends
    assert encode(fit(pa.array([1, 1, 1, 4]), clip=(2, 3)), pa.array([None], pa.int64())) == [2]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, None, 3], pa.uint8()),
        pa.array([1, None, 3], pa.float16()),
        pa.array([Decimal(1), None, Decimal(3)]),
        pa.array([1, None, 3]).dictionary_encode(),
        pa.array([True, None, False]),
    ],
    ids=lambda column: str(column.type)[:10],
)
def test_every_type_of_number(column: pa.Array) -> None:
    encoder = fit(column, "number")
    rows = [2.0 if row is None else float(row) for row in column.to_pylist()]
    rows = [0.5 if row == 2 and column.type == pa.bool_() else row for row in rows]
    assert encode(encoder, column) == [[row, float(i == 1)] for i, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array(["1"]), "must hold numbers, but its type is string; cast it"),
        (pa.array([None], pa.int64()), "must hold numbers, but all are missing"),
        (pa.array([1, np.inf]), "must hold finite float32 numbers, but holds inf"),
        (pa.array([-1e39, 1]), r"but holds -1e\+39"),
    ],
)
def test_what_is_refused(column: pa.Array, message: str) -> None:
    with pytest.raises(DataError, match=message):
        fit(column, "number")


def test_all_alike_is_constant() -> None:
    assert fit(pa.array([2, 2])).constant
    assert not fit(pa.array([2, None])).constant


@pytest.mark.parametrize("clip", [0.5, 0, [3, 3], [1, 2, 3]])
def test_bounds_of_clip(clip: Any) -> None:
    with pytest.raises(ValidationError):
        NumberOptions(clip=clip)
