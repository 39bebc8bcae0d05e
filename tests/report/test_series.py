"""What the charts show, as numbers."""

from dataclasses import replace
from pathlib import Path

import pytest

from sparktune.errors import InputError
from sparktune.ledger.events import Recorded, StudyStarted
from sparktune.report import StudyRecord, read_study
from sparktune.report.series import (
    axis_of,
    best_by_value,
    best_so_far,
    confusion_matrix,
    curves,
    grouped,
    over_parameter,
    over_time,
    over_trials,
    parameters,
    value_axis,
)
from sparktune.summary import Objective
from tests.report.ledgers import result, value_of, write_ledger
from tests.report.test_evaluation import CLASSES


def with_values(folder: Path, *values: float) -> StudyRecord:
    events = [(1.0, Recorded(result(n, value), None)) for n, value in enumerate(values)]
    return read_study(write_ledger(folder, [(0, StudyStarted("val_loss", "minimize")), *events], "minimize"))


def test_values_over_trials_and_time(grid: StudyRecord) -> None:
    numbers = [n for n in range(18) if n % 6 != 5]
    assert [(p.trial, p.x, p.value) for p in over_trials(grid)] == [(n, n, value_of(n)) for n in numbers]
    assert [p.trial for p in over_time(grid)] == numbers
    assert over_time(grid)[0].x == pytest.approx(2.3)


def test_the_best_so_far_only_gets_better(grid: StudyRecord) -> None:
    leaders = best_so_far(grid, over_trials(grid))
    assert leaders[0].trial == 0 and leaders[-1].trial == grid.best_number
    down = replace(grid, objective=Objective("val_loss", "minimize"))
    falling = [p.value for p in best_so_far(down, over_trials(grid))]
    assert falling == sorted(falling, reverse=True) and falling[-1] == min(p.value for p in over_trials(grid))


def test_far_values_do_not_press_the_others_together(tmp_path: Path) -> None:
    near = [0.5 + n / 100 for n in range(12)]
    axis = value_axis(with_values(tmp_path / "far", *near, 1e6))
    assert axis.kind == "linear" and axis.high < 2
    spread = value_axis(with_values(tmp_path / "spread", *[10.0**-n for n in range(8)]))
    assert (spread.kind, spread.high) == ("log", 1.0)
    assert value_axis(with_values(tmp_path / "none")).kind == "linear"


def test_parameters_are_those_that_differ(grid: StudyRecord, tmp_path: Path) -> None:
    assert parameters(grid) == ("neurons", "learning_rate", "optimizer")
    assert parameters(with_values(tmp_path, 0.5)) == ()
    assert {p.x for p in over_parameter(grid, "neurons")} == {16, 32, 64}


def test_an_unknown_parameter_is_refused(grid: StudyRecord, empty: StudyRecord) -> None:
    with pytest.raises(InputError, match=r"must be one of neurons, .*neurons.*, but got 'neuron'"):
        axis_of(grid, "neuron")
    with pytest.raises(InputError, match="no trial has parameters, but got 'neurons'"):
        axis_of(empty, "neurons")


def test_groups_by_value_and_by_range(grid: StudyRecord, random_search: StudyRecord) -> None:
    found = grouped(grid, "learning_rate", "neurons")
    assert [group.name for group in found] == ["16", "32", "64"]
    assert sum(len(group.points) for group in found) == 15
    ranges = grouped(random_search, "learning_rate", "dropout")
    assert len(ranges) == 4 and ranges[0].name.startswith("0.00")
    sizes = [len(group.points) for group in ranges]
    assert sum(sizes) == len(random_search.valued) and max(sizes) - min(sizes) <= 2
    with pytest.raises(InputError, match="but got 'depth'"):
        grouped(grid, "depth", "neurons")


@pytest.mark.parametrize(
    ("values", "titles"),
    [
        ([1_000_001, 1_000_002], ["1000001", "1000002"]),
        ([1_000_000 + n for n in range(8)], [f"100000{n} to 100000{min(n + 2, 7)}" for n in (0, 2, 4, 6)]),
        ([1, "1"], ["1", "'1'"]),
    ],
    ids=["values", "ranges", "kinds"],
)
def test_values_that_look_the_same_in_short_have_groups_of_their_own(
    tmp_path: Path, values: list[object], titles: list[str]
) -> None:
    space = {"rate": [0.1, 0.2], "big": values}
    points = [{"rate": rate, "big": big} for rate in (0.1, 0.2) for big in values]
    events = [(1.0, Recorded(result(n, 0.5, params=at), None)) for n, at in enumerate(points)]
    folder = write_ledger(tmp_path, [*events], search={"space": space}, model={"builder": "a:b"})
    found = grouped(read_study(folder), "rate", "big")
    assert [group.name for group in found] == titles
    assert {len(group.points) for group in found} == {len(points) // len(titles)}
    assert sorted(point.trial for group in found for point in group.points) == list(range(len(points)))


def test_the_curves_of_the_best_with_their_gap(grid: StudyRecord) -> None:
    found = curves(grid)
    assert [c.trial.number for c in found] == [t.number for t in grid.valued[:10]]
    assert found[0].validation == (0.4, found[0].trial.value)
    assert found[0].gap == pytest.approx(0.05)
    untrained = replace(found[0], training=())
    assert untrained.gap is None


def test_the_best_of_each_value_are_joined(grid: StudyRecord, random_search: StudyRecord) -> None:
    best = best_by_value(grid, "neurons", over_parameter(grid, "neurons"))
    assert [point.x for point in best] == [16, 32, 64]
    assert max(point.value for point in best) == grid.best.value
    assert best_by_value(grid, "optimizer", over_parameter(grid, "optimizer")) == []
    assert best_by_value(random_search, "dropout", over_parameter(random_search, "dropout")) == []


def test_a_group_is_joined_where_the_groups_share_their_values(pairs: StudyRecord) -> None:
    for group in grouped(pairs, "learning_rate", "neurons"):
        assert [p.x for p in best_by_value(pairs, "learning_rate", group.points)] == [0.001, 0.01, 0.1]


def test_the_confusion_matrix() -> None:
    assert confusion_matrix(CLASSES) == [[4, 0], [4, 0]]
