"""Rungs, and the trial that is trained to the end in any case."""

import math
from typing import Any

import pytest

from sparktune.search import PrunerView
from sparktune.search.pruners.asha import AshaPruner
from sparktune.summary import Objective
from sparktune.trial import TrialResult, TrialState
from tests.search.pruners.simulation import result_of

CURVES = [[0.1 * number] * 9 for number in range(4)]  # the last one is the best


def finalist(*states: tuple[TrialState, int]) -> int | None:
    """Which trial goes on at the end of a search, of trials with these states and epochs."""
    pruner = AshaPruner(9)
    pruner.set_objective(Objective("val_accuracy", "maximize"))
    results = {n: result_of(n, CURVES[n], epochs, state) for n, (state, epochs) in enumerate(states)}
    paused = [n for n, result in results.items() if result.state is TrialState.PAUSED]
    return pruner.finalist(PrunerView(results, paused, exhausted=True), pruner.rungs)


def test_the_best_of_the_highest_rung_goes_on() -> None:
    paused, complete = TrialState.PAUSED, TrialState.COMPLETE
    assert finalist((paused, 1), (paused, 3), (paused, 3), (paused, 1)) == 2
    assert finalist((paused, 3), (paused, 3), (complete, 9)) is None
    assert finalist((paused, 3), (complete, 9), (paused, 3)) == 2


def test_the_next_best_takes_the_place_of_one_that_ended_without_a_value() -> None:
    paused = TrialState.PAUSED
    for state in (TrialState.DIVERGED, TrialState.FAILED, TrialState.PRUNED):
        assert finalist((paused, 1), (paused, 1), (state, 3)) == 1
        assert finalist((paused, 1), (paused, 3), (state, 5)) == 1
    assert finalist((TrialState.DIVERGED, 1)) is None


@pytest.mark.parametrize("state", [TrialState.DIVERGED, TrialState.FAILED])
def test_what_ended_without_a_value_leaves_its_place_to_others(state: TrialState) -> None:
    pruner = AshaPruner(9)
    pruner.set_objective(Objective("val_accuracy", "maximize"))
    curves = [[0.9, 0.9, math.nan], [0.8] * 3, [0.7] * 3, [0.6] * 3]
    states = [state, *[TrialState.PAUSED] * 3]
    results = {n: result_of(n, curves[n], 3, states[n]) for n in range(4)}
    assert pruner.among_best(PrunerView(results, (1, 2, 3)), 3) == [1]


def test_an_epoch_without_a_number_is_passed_over() -> None:
    pruner = AshaPruner(9)
    pruner.set_objective(Objective("loss", "minimize"))
    histories = [[float("nan")], [0.5], [0.4, float("nan")], [0.3]]
    results = {
        number: TrialResult(number, {}, TrialState.PAUSED, history={"loss": history})
        for number, history in enumerate(histories)
    }
    assert pruner.ranked(results, 2) == [3, 2, 1]


class CountedHistory(dict[str, list[float]]):
    """A history that counts how often a metric is looked up."""

    looked_up = 0

    def get(self, *args: Any) -> Any:
        self.looked_up += 1
        return super().get(*args)


def test_a_trial_is_measured_once_at_each_rung_however_often_trials_are_promoted() -> None:
    pruner = AshaPruner(9)
    pruner.set_objective(Objective("val_accuracy", "maximize"))
    histories = [CountedHistory(val_accuracy=curve[:3]) for curve in CURVES]
    results = {n: TrialResult(n, {}, TrialState.PAUSED, history=h) for n, h in enumerate(histories)}
    view = PrunerView(results, paused=[*results])
    assert [pruner.promote(view) for _ in range(5)] == [3] * 5
    assert [history.looked_up for history in histories] == [len(pruner.rungs)] * 4
    longer = {**results, 0: TrialResult(0, {}, TrialState.PAUSED, history={"val_accuracy": [0.9] * 3})}
    assert pruner.promote(PrunerView(longer, paused=[*longer])) == 0
