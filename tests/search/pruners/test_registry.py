"""From the spec to its pruner."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sparktune.errors import SpecError
from sparktune.search import build_pruner
from sparktune.search.pruners.top import TopPruner
from sparktune.spec import StudySpec

PACKAGE = """
import sparktune

class Half(sparktune.Pruner):
    def next_rung(self, epochs):
        return 5 if epochs < 5 else None

    def decide(self, result, view):
        return sparktune.Decision.CONTINUE
"""


def test_the_spec_names_its_pruner() -> None:
    assert build_pruner(StudySpec().search) is None
    search = {"pruner": "top", "keep": 2, "max_epochs": 8, "min_epochs": 3}
    pruner = build_pruner(StudySpec(search=search).search)
    assert isinstance(pruner, TopPruner)
    assert [pruner.next_rung(epochs) for epochs in (0, 2, 3)] == [3, 3, None]


def test_an_unknown_pruner_is_refused() -> None:
    with pytest.raises(SpecError, match=r"did you mean top\? \(search\.pruner\)"):
        StudySpec(search={"pruner": "topp", "max_epochs": 8})


def test_a_pruner_of_another_package_is_found_by_its_entry_point(install: Callable[..., Path]) -> None:
    install("half", PACKAGE, {"sparktune.pruners": {"half": "Half"}})
    pruner = build_pruner(StudySpec(search={"pruner": "half", "max_epochs": 10}).search)
    assert pruner is not None
    assert pruner.next_rung(0) == 5
