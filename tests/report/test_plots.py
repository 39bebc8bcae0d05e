"""The charts as matplotlib figures."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sparktune.errors import InputError
from sparktune.report import StudyPlots, StudyRecord, read_study
from tests.report.ledgers import several
from tests.report.test_evaluation import CLASSES, NUMBERS


@pytest.fixture(autouse=True)
def without_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")


def points(axes: Any) -> int:
    return sum(len(collection.get_offsets()) for collection in axes.collections)


def drawn(figure: Any) -> Any:
    """The first axes of a figure that can be drawn."""
    figure.canvas.draw()
    return figure.axes[0]


def test_history_over_trials_and_time(grid: StudyRecord) -> None:
    plots = StudyPlots(grid.directory)
    for over, label in (("trial", "trial"), ("time", "time [s]")):
        axes = drawn(plots.history(over))
        assert (points(axes), axes.get_xlabel(), axes.get_ylabel()) == (15, label, "val_accuracy")
        assert axes.lines[0].get_ydata()[-1] == grid.best.value
    with pytest.raises(InputError, match="over must be trial or time, but got 'epoch'"):
        plots.history("epoch")


def test_several_objectives(grid: StudyRecord, tmp_path: Path) -> None:
    study = read_study(several(tmp_path / "small"))
    axes = drawn(StudyPlots(study).pareto())
    assert (points(axes), axes.get_xlabel(), axes.get_ylabel()) == (15, "parameters", "val_accuracy")
    assert len(axes.collections[1].get_offsets()) == len(study.pareto)
    with pytest.raises(InputError, match="must have several objectives; set objective"):
        StudyPlots(grid).pareto()


def test_a_parameter_by_another(grid: StudyRecord) -> None:
    axes = drawn(StudyPlots(grid).parameter("learning_rate", by="neurons"))
    assert axes.get_xscale() == "log" and points(axes) == 15
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["16", "32", "64"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0.001", "0.01", "0.1"]
    words = drawn(StudyPlots(grid).parameter("optimizer"))
    assert [tick.get_text() for tick in words.get_xticklabels()] == ["sgd", "adam"]
    with pytest.raises(InputError, match="but got 'depth'"):
        StudyPlots(grid).parameter("depth")


def test_far_values_are_at_the_edge_of_what_is_shown(grid: StudyRecord) -> None:
    lost = replace(grid.valued[-1], value=-1e6)
    trials = tuple(lost if trial.number == lost.number else trial for trial in grid.trials)
    plots = StudyPlots(replace(grid, trials=trials))
    for figure in (plots.history(), plots.parameter("neurons"), plots.parameter("neurons", by="optimizer")):
        axes = drawn(figure)
        low, high = axes.get_ylim()
        values = [value for dots in axes.collections for value in dots.get_offsets()[:, 1]]
        assert len(values) == 15 and low > 0
        assert all(low < value < high for value in values)


def test_a_group_of_a_grid_is_joined(pairs: StudyRecord) -> None:
    axes = drawn(StudyPlots(pairs).parameter("learning_rate", by="neurons"))
    assert [list(line.get_xdata()) for line in axes.lines] == [[0.001, 0.01, 0.1]] * 3


def test_parallel_coordinates_curves_and_timeline(grid: StudyRecord) -> None:
    plots = StudyPlots(grid)
    parallel = drawn(plots.parallel())
    assert len([line for line in parallel.lines if len(line.get_xdata()) == 4]) == 15
    assert len(drawn(plots.curves()).lines) == 20
    assert len(drawn(plots.curves(most=3)).lines) == 6
    assert len(drawn(plots.timeline()).patches) == 18


def test_importance(random_search: StudyRecord, empty: StudyRecord) -> None:
    axes = drawn(StudyPlots(random_search).importance())
    assert axes.get_yticklabels()[0].get_text() == "learning_rate"
    with pytest.raises(
        InputError, match="8 complete trials with different parameters, but study small has 0"
    ):
        StudyPlots(empty).importance()


def test_the_exported_model(grid: StudyRecord) -> None:
    classes = StudyPlots(replace(grid, evaluation=CLASSES))
    assert [t.get_text() for t in drawn(classes.confusion()).get_xticklabels()] == ["cat", "dog"]
    assert len(drawn(classes.calibration()).lines[1].get_xdata()) == 2
    numbers = StudyPlots(replace(grid, evaluation=NUMBERS))
    assert points(drawn(numbers.residuals())) == 1
    for plot, message in (
        (
            classes.residuals,
            "needs the residuals of an exported model, but that of study small has task classes",
        ),
        (StudyPlots(grid).confusion, "but that of study small was not measured"),
        (
            StudyPlots(replace(grid, evaluation=replace(CLASSES, task="labels"))).confusion,
            "needs the exclusive classes of an exported model, but that of study small has task labels",
        ),
    ):
        with pytest.raises(InputError, match=message):
            plot()


def test_a_study_without_trials_gives_empty_figures(empty: StudyRecord) -> None:
    plots = StudyPlots(empty)
    assert [points(drawn(figure)) for figure in (plots.history(), plots.parallel(), plots.curves())] == [
        0,
        0,
        0,
    ]


def test_without_matplotlib_it_says_what_to_install(
    grid: StudyRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match=r"figures need matplotlib; run: pip install 'sparktune\[plots\]'"):
        StudyPlots(grid).history()
