"""Columns by name."""

import pytest

from sparktune.columns.names import find
from sparktune.errors import ScoringError


def test_a_name_that_is_there() -> None:
    assert find("age", ["income", "age"]) == "age"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("incme", r"feature column 'incme' is missing; did you mean 'income'\?"),
        ("zzz", r"feature column 'zzz' is missing; the columns are 'income', 'age'"),
    ],
)
def test_a_name_that_is_missing(name: str, message: str) -> None:
    with pytest.raises(ScoringError, match=message):
        find(name, iter(["income", "age"]))
