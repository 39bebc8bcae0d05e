"""Importance of parameters by PED-ANOVA."""

import sys

import pytest

from sparktune.report import StudyRecord
from sparktune.report.importance import importances


def test_the_parameter_that_decides_is_the_most_important(random_search: StudyRecord) -> None:
    found = importances(random_search)
    assert found is not None and found[0].name == "learning_rate" and found[0].share > 0.5
    assert {entry.name for entry in found} == {"neurons", "learning_rate", "dropout", "optimizer"}
    assert sum(entry.share for entry in found) == pytest.approx(1)


def test_without_trials_or_optuna_there_is_none(
    grid: StudyRecord, empty: StudyRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert importances(empty) is None
    assert importances(grid) is not None
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert importances(grid) is None
