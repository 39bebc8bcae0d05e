"""The parts of the page about the search."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sparktune.ledger.events import Recorded, StudyStarted
from sparktune.report import StudyRecord, read_study
from sparktune.report.importance import Importance
from sparktune.report.search_sections import (
    curve_section,
    history_section,
    importance_section,
    parallel_section,
    parameter_section,
    ranked_parameters,
    summary_section,
)
from tests.report.ledgers import Timed, result, write_ledger

SHARES = (Importance("learning_rate", 0.7), Importance("optimizer", 0.2), Importance("neurons", 0.1))


def test_the_summary_sets_the_best_beside_the_baseline(grid: StudyRecord) -> None:
    shown = summary_section(grid)
    assert grid.best and grid.baseline and grid.error_lowered
    for words in (
        f"best val_accuracy, trial {grid.best.number}",
        f"baseline val_accuracy, trial {grid.baseline.number}",
        f"{grid.error_lowered:.0%}",
        "15 complete, 3 failed",
        "<td>learning_rate</td>",
        "nearest to the middle of the space",
    ):
        assert words in shown


def test_a_study_without_values(empty: StudyRecord) -> None:
    assert "No trial has a value yet" in summary_section(empty)
    assert history_section(empty) == parallel_section(empty, ()) == curve_section(empty) == ""
    assert parameter_section(empty, ()) == importance_section(empty, None) == ""


def test_the_most_important_parameters_come_first(grid: StudyRecord) -> None:
    names = ranked_parameters(grid, SHARES)
    assert names == ("learning_rate", "optimizer", "neurons")
    assert ranked_parameters(grid, None) == ("neurons", "learning_rate", "optimizer")
    shown = parameter_section(grid, names)
    assert shown.index("by learning_rate") < shown.index("by optimizer") < shown.index("by neurons")
    assert "val_accuracy against learning_rate by optimizer" in shown
    assert "70.0 %" in importance_section(grid, SHARES)


def test_the_learning_rate_lies_across_and_the_other_parameter_groups(pairs: StudyRecord) -> None:
    shown = parameter_section(pairs, ranked_parameters(pairs, None))
    assert "val_accuracy against learning_rate by neurons" in shown
    multiples = shown[shown.index("by neurons</h3>") :]
    assert multiples.count("<svg") == multiples.count('class="line c0"') == 3


@pytest.mark.parametrize(
    ("across", "domain"), [("decay", {"low": 0.01, "high": 0.1, "log": True}), ("filters", [0.0001, 0.1])]
)
def test_a_log_range_lies_across_and_else_the_wider_span(across: str, domain: Any, tmp_path: Path) -> None:
    points = ({"units": 8, across: 0.01}, {"units": 800, across: 0.1})
    events: list[Timed] = [(0, StudyStarted("val_accuracy", "maximize"))]
    events += [(n + 1, Recorded(result(n, 0.5, params=at), None)) for n, at in enumerate(points)]
    search = {"space": {"units": [8, 800], across: domain}, "sampler": "random", "trials": 2}
    study = read_study(write_ledger(tmp_path, events, search=search, model={"builder": "a:b"}))
    assert f"against {across} by units" in parameter_section(study, ranked_parameters(study, None))


def test_history_parallel_coordinates_and_curves(grid: StudyRecord) -> None:
    assert history_section(grid).count("<svg") == 2
    assert "Parallel coordinates of 18 trials" in parallel_section(grid, ("neurons", "learning_rate"))
    assert curve_section(grid).count("<svg") == 10


def test_parallel_coordinates_name_what_they_leave_out(grid: StudyRecord) -> None:
    names = ranked_parameters(grid, None)
    assert "parameters are shown" not in parallel_section(grid, names)
    shown = parallel_section(grid, (*names, *names, *names, "neurons", "optimizer", "learning_rate"))
    assert "10 of 12 parameters are shown, without optimizer, learning_rate." in shown


def test_a_baseline_that_is_the_best_is_not_compared_with_itself(grid: StudyRecord) -> None:
    assert grid.baseline is not None
    shown = summary_section(replace(grid, best_number=grid.baseline.number))
    assert "It is the trial nearest to the middle of the space, the baseline" in shown
    assert "less error" not in shown and "baseline val_accuracy" not in shown
