"""Words, whole numbers and bools that name something."""

from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from sparktune.errors import DataError
from tests.columns.encoders.fitted import encode, fit


def test_commonest_values_have_codes_and_all_others_share_one() -> None:
    encoder = fit(pa.array(["b", "a", "b", None, "c", "a", "b"]))
    assert encoder.model_dump(include={"levels", "values", "missing"}) == {
        "levels": ("b", "a"),
        "values": 3,
        "missing": 1,
    }
    assert encoder.codes == 4
    assert encode(encoder, ["a", "b", "c", "never seen", None]) == [3, 2, 1, 1, 0]
    assert encoder.typical == "top 'b'"


def test_equally_common_values_are_in_order_and_levels_are_bounded() -> None:
    encoder = fit(pa.array(["d", "c", "b", "a"] * 2), levels=2)
    assert encode(encoder, ["a", "b", "c", "d"]) == [2, 3, 1, 1]


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pa.array(["x", None, "y", "x", "y", "x"], pa.large_string()), "string"),
        (pa.array(["x", None, "y", "x", "y", "x"], pa.string_view()), "string"),
        (pa.array(["x", None, "y", "x", "y", "x"]).dictionary_encode(), "string"),
        (pa.array(pd.Categorical(["x", None, "y", "x", "y", "x"])), "string"),
        (pa.array([7, None, 9, 7, 9, 7], pa.int8()), "bigint"),
        (pa.array([7.0, float("nan"), 9.0, 7, 9, 7]), "bigint"),
        (pa.array([Decimal(7), None, Decimal(9), Decimal(7), Decimal(9), Decimal(7)]), "bigint"),
        (pa.array([True, None, False, True, False, True]), "boolean"),
    ],
    ids=lambda found: str(getattr(found, "type", found))[:12],
)
def test_every_type_of_name(column: pa.Array, kind: str) -> None:
    encoder = fit(column, "category")
    assert encoder.column_type == kind
    assert encode(encoder, column) == [2, 0, 3, 2, 3, 2]
    assert encode(encoder, column[1:3]) == [0, 3]
    assert encode(encoder, column[:0]) == []
    assert encode(encoder, pa.nulls(2)) == [0, 0]


def test_a_dictionary_with_a_missing_word_in_it() -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 0]), pa.array(["x", None]))
    assert encode(fit(column), column) == [2, 0, 0, 2]


def test_fractions_are_unseen_whole_numbers() -> None:
    assert encode(fit(pa.array([1, 1]), "category"), pa.array([1.0, 1.5])) == [2, 1]


def test_large_whole_numbers_as_floats() -> None:
    encoder = fit(pa.array([2**53, 2**53, 2**60 + 1, 2**60 + 1, 2**60 + 1]), "category")
    assert encode(encoder, pa.array([2.0**60, None, 2.0**53, 2.0**61])) == [2, 0, 3, 1]


def test_whole_numbers_without_a_sign() -> None:
    encoder = fit(pa.array([2**63 - 1, 7, 2**63 - 1, 7, 7], pa.uint64()), "category")
    assert encode(encoder, pa.array([7, 2**63 - 1, 2**63, None], pa.uint64())) == [2, 3, 1, 0]
    below = fit(pa.array([-1, -1, 5, 5]), "category")
    assert encode(below, pa.array([2**64 - 1, 5, None], pa.uint64())) == [1, 3, 0]
    assert encode(below, pa.array([2**64 - 1, 5], pa.uint64()).dictionary_encode()) == [1, 3]


def test_zero_below_zero_is_zero() -> None:
    column = pa.array([-0.0, 0.0, -0.0, 1, 1])
    encoder = fit(column, "category")
    assert encoder.model_dump(include={"levels"}) == {"levels": (0, 1)}
    assert encode(encoder, column) == [2, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([0.5, 1]), "must hold words, whole numbers of 64 bits or bools to .*, but holds 0.5; use"),
        (pa.array([1, 1e300]), "whole numbers of 64 bits or bools to be a category, but holds 1e.300; use"),
        (pa.array([1, float("inf")]), "but holds inf; use"),
        (pa.array([1, 2**63], pa.uint64()), "whole numbers of 64 bits .* but holds 9223372036854775808; use"),
        (pa.array([b"ab"]), "but its type is binary; cast it"),
    ],
)
def test_what_is_no_category(column: pa.Array, message: str) -> None:
    with pytest.raises(DataError, match=message):
        fit(column, "category")


@pytest.mark.parametrize("given", [pa.array([1]), pa.array([True]), pa.array([b"x"])])
def test_another_type_than_in_training(given: Any) -> None:
    with pytest.raises(DataError, match=r"'c' must hold words, as in training, but its type is .*; cast it"):
        encode(fit(pa.array(["x", "x"])), given)


def test_all_alike_is_constant() -> None:
    assert fit(pa.array(["a", "a"])).constant and fit(pa.nulls(2), "category").constant
    assert not fit(pa.array(["a", None])).constant
    assert fit(pa.array(["a", "b"])).typical == "none twice"
