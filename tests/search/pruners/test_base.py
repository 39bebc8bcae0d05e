"""What every pruner that is built in does: the same on every simulated study."""

import random

import pytest

from sparktune.search import Pruner, PrunerView, build_pruner
from sparktune.spec import StudySpec
from sparktune.spec.extensions import PRUNERS
from sparktune.summary import Objective
from sparktune.trial import TrialState
from tests.search.pruners.simulation import Simulation, result_of, rising

EPOCHS = 27
FIELDS = {
    "top": {"keep": 3},
    "patience": {"pruner_options": {"patience": 3}},
    "threshold": {"min_epochs": 5, "pruner_options": {"lower": 0.1}},
}


def pruner_called(name: str) -> Pruner:
    search = {"pruner": name, "max_epochs": EPOCHS, **FIELDS.get(name, {})}
    pruner = build_pruner(StudySpec(search=search).search)
    assert pruner is not None
    return pruner


def curves(count: int = 30) -> list[list[float]]:
    """Straight lines; those of the bad half end in a plateau after five epochs."""
    source = random.Random(5)
    lines = rising([source.random() for _ in range(count)], EPOCHS)
    return [line if line[-1] > 0.5 else [line[min(epoch, 4)] for epoch in range(EPOCHS)] for line in lines]


@pytest.mark.parametrize("name", PRUNERS.names)
def test_every_trial_ends_and_the_best_one_is_complete(name: str) -> None:
    study = Simulation(pruner_called(name), curves()).run()
    states = {number: result.state for number, result in study.results.items()}
    assert sorted(states) == list(range(30))
    assert set(states.values()) == {TrialState.COMPLETE, TrialState.PRUNED}
    best = max(range(30), key=lambda number: curves()[number][-1])
    assert states[best] is TrialState.COMPLETE
    assert study.epochs < 0.8 * 30 * EPOCHS


@pytest.mark.parametrize("name", PRUNERS.names)
def test_rungs_rise(name: str) -> None:
    pruner = pruner_called(name)
    for epochs in range(EPOCHS):
        rung = pruner.next_rung(epochs)
        assert rung is None or rung > epochs


@pytest.mark.parametrize("name", PRUNERS.names)
def test_a_trial_without_an_epoch_is_no_obstacle(name: str) -> None:
    pruner = pruner_called(name)
    pruner.set_objective(Objective("val_accuracy", "maximize"))
    results = {
        0: result_of(0, [], 0, TrialState.FAILED),
        1: result_of(1, [0.5] * EPOCHS, 1, TrialState.PAUSED),
    }
    pruner.decide(results[1], PrunerView(results))
    assert pruner.promote(PrunerView(results, paused=[1], exhausted=True)) in (None, 1)


def test_values_are_the_best_so_far_in_the_direction_of_the_objective() -> None:
    pruner = pruner_called("top")
    pruner.set_objective(Objective("val_accuracy", "minimize"))
    result = result_of(0, [0.5, 0.2, 0.7, 0.1], 4, TrialState.PAUSED)
    assert [pruner.best_value(result, epochs) for epochs in range(5)] == [None, 0.5, 0.2, 0.2, 0.1]
    better = result_of(1, [0.4, 0.3], 2, TrialState.PAUSED)
    assert pruner.ranked({0: result, 1: better}, 1) == [1, 0]
    assert pruner.ranked({0: result, 1: better}, 2) == [0, 1]
