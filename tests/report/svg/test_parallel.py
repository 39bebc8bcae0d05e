"""Parallel coordinates."""

import re
from dataclasses import replace
from xml.etree import ElementTree

from sparktune.report import StudyRecord
from sparktune.report.svg.parallel import MOST_AXES, SHADES, legend, parallel_chart

NAMES = ("neurons", "learning_rate", "optimizer")


def runs(chart: str, kind: str) -> int:
    return sum(path.count("M") for path in re.findall(f'<path class="way {kind}" d="(.*?)"', chart))


def test_every_trial_is_a_line(grid: StudyRecord, random_search: StudyRecord) -> None:
    chart = parallel_chart(grid, NAMES)
    ElementTree.fromstring(chart)
    assert [runs(chart, f"q{shade}") for shade in range(SHADES)] == [1, 2, 2, 2, 2, 2, 2, 2]
    assert (runs(chart, "lost"), runs(chart, "top")) == (3, 1)
    many = parallel_chart(random_search, (*NAMES, "dropout"))
    assert runs(many, r"[q\w]+") == 201


def test_lines_alike_are_drawn_once_and_axes_are_bounded(grid: StudyRecord) -> None:
    often = replace(grid, trials=grid.trials * 200)
    assert len(parallel_chart(often, NAMES)) < 1.2 * len(parallel_chart(grid, NAMES))
    assert parallel_chart(grid, NAMES * 9).count('class="axis"') == MOST_AXES + 1


def test_the_legend_has_every_shade() -> None:
    assert legend().count("<rect") == SHADES
