"""Trials that no longer get better end."""

from sparktune.search.pruners.patience import PatiencePruner
from tests.search.pruners.simulation import Simulation

CURVES = [
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
    [0.5, 0.1, 0.2, 0.3, 0.4, 0.5],  # the best epoch is the first one
    [0.1, 0.2, 0.2, 0.1, 0.3, 0.3],
]


def test_epochs_without_improvement_are_counted() -> None:
    assert Simulation(PatiencePruner(2), CURVES).run().of("PRUNED") == [(1, 3), (2, 4)]
    assert Simulation(PatiencePruner(3), CURVES).run().of("PRUNED") == [(1, 4)]


def test_small_improvements_do_not_count() -> None:
    assert Simulation(PatiencePruner(2, min_delta=0.25), CURVES).run().of("PRUNED")[0] == (0, 3)


def test_no_trial_ends_before_the_first_rung() -> None:
    assert Simulation(PatiencePruner(2, min_epochs=5), CURVES).run().of("PRUNED") == [(1, 5)]
