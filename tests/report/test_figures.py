"""What all figures share."""

import pytest

from sparktune.report import StudyRecord
from sparktune.report.figures import clipped, draw_dots, new_figures, place_on, scale_value_axis
from sparktune.report.series import Point, axis_of, over_trials, value_axis


@pytest.fixture(autouse=True)
def without_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")


def test_figures_are_closed_and_have_axes_beside_each_other(grid: StudyRecord) -> None:
    from matplotlib import pyplot

    figure, axes = new_figures(2)
    assert len(axes) == 2 and pyplot.get_fignums() == []
    scale_value_axis(axes[0], grid)
    draw_dots(axes[0], over_trials(grid), "black", "trials")
    figure.canvas.draw()
    low, high = axes[0].get_ylim()
    assert low < min(trial.value for trial in grid.valued) and high > grid.best.value


def test_values_far_away_are_at_the_end_of_the_axis(grid: StudyRecord) -> None:
    axis = value_axis(grid)
    lost = Point(grid.valued[0], 3, -1e9)
    assert clipped(axis, [lost]) == [Point(lost.trial, 3, axis.low)]


def test_words_have_places_and_numbers_are_their_own(grid: StudyRecord) -> None:
    assert place_on(axis_of(grid, "optimizer"), "adam") == 1
    assert place_on(axis_of(grid, "neurons"), 32) == 32
