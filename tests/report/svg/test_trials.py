"""Charts of values."""

from xml.etree import ElementTree

import pytest

from sparktune.report import StudyRecord
from sparktune.report.svg.trials import (
    clock,
    history_chart,
    multiples,
    parameter_chart,
    time_chart,
)


def circles(svg: str, kind: str) -> int:
    image = ElementTree.fromstring(svg)
    return sum(len(group.findall("circle")) for group in image.iter("g") if group.get("class") == kind)


def test_every_trial_is_a_dot_and_the_best_has_a_ring(grid: StudyRecord) -> None:
    for chart in (history_chart(grid), time_chart(grid), parameter_chart(grid, "neurons")):
        assert circles(chart, "dot c0") == 15
        assert circles(chart, "ring") == 1
        assert f"#{grid.best_number} " in chart


def test_multiples_share_the_trials_among_them(grid: StudyRecord) -> None:
    charts = multiples(grid, "learning_rate", "neurons")
    assert [circles(chart, "dot c0") for chart in charts] == [5, 5, 5]
    assert sum(circles(chart, "ring") for chart in charts) == 1
    assert "neurons 16" in charts[0] and "learning_rate (log)" in charts[0]


@pytest.mark.parametrize(("seconds", "unit"), [(10, "s"), (200, "min"), (20_000, "h")])
def test_time_is_counted_in_what_suits_it(seconds: float, unit: str) -> None:
    assert clock(seconds)[0] == unit
