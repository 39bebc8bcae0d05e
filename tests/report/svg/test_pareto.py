"""Charts of several objectives."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sparktune.report import StudyRecord, read_study
from sparktune.report.svg.pareto import pareto_charts
from sparktune.summary import Objective
from tests.report.ledgers import several
from tests.report.svg.test_trials import circles


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyRecord:
    return read_study(several(tmp_path_factory.mktemp("several")))


def test_the_front_stands_out_and_is_joined(study: StudyRecord) -> None:
    (chart,) = pareto_charts(study)
    assert len(study.pareto) >= 3
    assert circles(chart, "dot c1") == len(study.pareto)
    assert circles(chart, "dot c0") == 15 - len(study.pareto)
    assert circles(chart, "ring") == 1
    image = ElementTree.fromstring(chart)
    assert [path.get("class") for path in image.iter("path")].count("line c1") == 1
    assert f"#{study.best_number} " in chart and "parameters 4000" in chart


def test_with_three_objectives_there_are_two_charts_without_a_line(study: StudyRecord) -> None:
    metrics = (*study.objective.metrics, Objective("seconds", "minimize"))
    trials = tuple(
        replace(trial, values={**trial.values, "seconds": 1.0 + trial.number} if trial.values else {})
        for trial in study.trials
    )
    three = replace(study, objective=replace(study.objective, metrics=metrics), trials=trials)
    charts = pareto_charts(three)
    assert [chart.count("line c1") for chart in charts] == [0, 0]
    assert "by seconds" in charts[1]


def test_a_study_of_one_objective_has_none(grid: StudyRecord, empty: StudyRecord, tmp_path: Path) -> None:
    assert pareto_charts(grid) == pareto_charts(empty) == []
