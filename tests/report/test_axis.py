"""Where values lie on an axis, and what is written beside it."""

import math
from typing import Any

import pytest

from sparktune.report.axis import Axis, category_axis, number_axis, parameter_axis, short
from sparktune.spec import SearchSpec


def axis(domain: Any, *values: Any) -> Axis:
    space = SearchSpec(sampler="random", trials=1, space={"p": domain}).space
    return parameter_axis("p", space["p"], values)


def texts(found: Axis) -> list[str]:
    return [tick.text for tick in found.ticks]


@pytest.mark.parametrize(
    ("domain", "kind"),
    [
        ({"low": 0.001, "high": 0.1, "log": True}, "log"),
        ({"low": 0.0, "high": 0.5}, "linear"),
        ([0.001, 0.01, 0.1], "log"),
        ([16, 32, 64], "log"),
        ([10, 20, 30], "linear"),
        ([0, 1, 10], "linear"),
        (["sgd", "adam"], "category"),
        ([True, False], "category"),
        ([[64], [64, 32]], "category"),
        ([1, "all"], "category"),
    ],
)
def test_an_axis_is_as_the_parameter_was_searched(domain: Any, kind: str) -> None:
    assert axis(domain).kind == kind


def test_listed_values_are_written_and_lie_where_they_should() -> None:
    found = axis([16, 32, 64])
    assert texts(found) == ["16", "32", "64"]
    assert [found.position(v) for v in (16, 32, 64)] == pytest.approx([0, 0.5, 1])


@pytest.mark.parametrize("log", [True, False])
def test_the_number_at_the_position_of_a_value_is_the_value(log: bool) -> None:
    found = number_axis("v", [0.001, 0.1], log=log)
    assert [found.number_at(found.position(v) or 0.0) for v in (0.001, 0.02, 0.1)] == pytest.approx(
        [0.001, 0.02, 0.1]
    )


def test_values_outside_the_domain_widen_the_axis() -> None:
    assert (axis({"low": 1, "high": 5}, 9).high, axis({"low": 1, "high": 5}, 3).high) == (9, 5)


def test_a_parameter_without_a_domain() -> None:
    assert parameter_axis("p", None, [1, 2, 5]).kind == "linear"
    assert parameter_axis("p", None, ["a", "b"]).values == ("a", "b")


@pytest.mark.parametrize("value", [None, "x", True, math.nan, math.inf])
def test_what_is_no_number_has_no_place(value: Any) -> None:
    assert number_axis("v", [0.0, 1.0]).position(value) is None


def test_what_lies_beyond_is_at_the_end() -> None:
    for log in (False, True):
        found = number_axis("v", [1.0, 10.0], log=log)
        assert [found.position(v) for v in (-5, 100)] == [0, 1]


def test_categories_lie_in_their_order() -> None:
    found = category_axis("p", ["b", "a", "b"])
    assert [found.position(v) for v in ("b", "a", "c")] == [0.25, 0.75, None]


@pytest.mark.parametrize(
    ("values", "log", "expected"),
    [
        ([0.0, 1.0], False, ["0", "0.25", "0.5", "0.75", "1"]),
        ([0.91, 0.978], False, ["0.92", "0.94", "0.96"]),
        ([0, 1000], False, ["0", "250", "500", "750", "1000"]),
        ([1e-4, 0.3], True, ["0.0001", "0.001", "0.01", "0.1"]),
        ([2, 9], True, ["2", "5"]),
        ([], False, ["0", "0.25", "0.5", "0.75", "1"]),
    ],
)
def test_round_numbers_stand_beside_an_axis(values: list[float], log: bool, expected: list[str]) -> None:
    found = number_axis("v", values, log=log)
    assert set(expected) <= set(texts(found)) and len(found.ticks) <= 9


def test_numbers_that_look_the_same_in_short_are_written_in_full() -> None:
    axis = number_axis("n", [1_000_001, 1_000_002], exact=True)
    assert [tick.text for tick in axis.ticks] == ["1000001", "1000002"]


def test_whole_numbers_alone() -> None:
    assert texts(number_axis("epoch", [1, 10], whole=True)) == ["5", "10"]
    assert texts(number_axis("epoch", [1, 3], whole=True)) == ["1", "2", "3"]


@pytest.mark.parametrize("value", [0.0, 5.0, -3, 1e-9, 1e12])
def test_an_axis_of_one_value_has_it_in_the_middle(value: float) -> None:
    found = number_axis("v", [value, value])
    assert found.position(value) == pytest.approx(0.5)
    assert found.ticks


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.001, "0.001"),
        (1e-5, "1e-5"),
        (0.123456, "0.1235"),
        (123456, "123456"),
        (2.5e9, "2.5e9"),
        (20000.0, "20000"),
        (True, "True"),
        ("adam", "adam"),
        ([64, 32], "[64, 32]"),
    ],
)
def test_numbers_are_written_short(value: Any, text: str) -> None:
    assert short(value) == text
