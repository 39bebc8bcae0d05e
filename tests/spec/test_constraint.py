"""Constraints between parameters."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparktune.errors import SpecError
from sparktune.spec import StudySpec
from sparktune.spec.base import Fault
from sparktune.spec.constraint import Constraint


@pytest.mark.parametrize(
    ("text", "params", "met"),
    [
        ("a < b <= 3", {"a": 1, "b": 3}, True),
        ("a < b <= 3", {"a": 1, "b": 4}, False),
        ("sum(hidden) <= 16 and len(hidden) == 2", {"hidden": [8, 8]}, True),
        ("not (word == 'relu') or rate <= 0.1", {"word": "relu", "rate": 0.2}, False),
        ("word in ['relu', 'tanh']", {"word": "tanh"}, True),
        ("-a % 3 + abs(b) // 2 == max(1, b) - min(a, 5) / 1", {"a": 1, "b": 2}, False),
        ("momentum > 0.5", {"rate": 1}, True),
    ],
)
def test_it_is_what_python_says(text: str, params: dict[str, Any], met: bool) -> None:
    assert Constraint(text).met(params) is met


@given(a=st.integers(-9, 9), b=st.integers(-9, 9), c=st.integers(1, 9))
def test_any_numbers_give_what_python_gives(a: int, b: int, c: int) -> None:
    text = "a * b - c // 2 >= b % c or not a + b < max(a, b, c) / c"
    assert Constraint(text).met({"a": a, "b": b, "c": c}) == eval(text)  # of this line, not of a user


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')", "a.b", "a[0]", "lambda: 1", "a ** 9 ** 9", "[a for a in b]",
        "print(a)", "a if b else c", "a := 1", "f'{a}'", "max(a, key=b)", "b'x' == a", "", "a <", "1 << a",
        "x" * 301, "max", "(" * 200, "a\0",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    if text == "max":
        assert Constraint(text).names == {"max"}  # the name of a parameter
    else:
        with pytest.raises(Fault, match=r"may hold|must be an expression|must have at most"):
            Constraint(text)


@given(text=st.text(max_size=40))
def test_any_text_is_a_constraint_or_a_fault(text: str) -> None:
    with suppress(Fault, TypeError, ValueError, ArithmeticError):
        Constraint(text).met({})


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({"constraints": ["neuron < 3"]}, r"names neuron, which is not searched; did you mean neurons\?"),
        ({"constraints": ["neurons < 'a'"]}, r"must have a value for every trial, but .* gives"),
        (
            {"constraints": ["neurons"], "start": [{"neurons": 3}]},
            r"must be a value of its domain, but got 3",
        ),
        ({"start": [{"neuron": 3}]}, r"neuron is not searched; did you mean neurons"),
        ({"start": [{}]}, r"neurons is required.*search.start\[0\].neurons"),
        ({"start": [{"neurons": 8}, {"neurons": 8}]}, r"must differ from those before it.*start\[1\]"),
        (
            {"start": [{"neurons": 8}], "constraints": ["neurons < 6"]},
            r"must meet the constraints neurons < 6",
        ),
    ],
)
def test_a_search_that_contradicts_itself_is_refused(search: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        StudySpec(search={"space": {"neurons": [4, 8]}, **search})
