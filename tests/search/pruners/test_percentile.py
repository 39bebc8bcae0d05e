"""Trials that are worse than most complete ones at their epoch end."""

import pytest

from sparktune.errors import SpecError
from sparktune.search.pruners.percentile import PercentilePruner
from sparktune.spec import StudySpec
from tests.search.pruners.simulation import Simulation, rising

FIRST = [0.1, 0.2, 0.3, 0.4]


@pytest.mark.parametrize(
    ("value", "percentile", "ends"), [(0.31, 50, False), (0.24, 50, True), (0.31, 25, True)]
)
def test_a_trial_is_compared_with_complete_ones_at_its_epoch(
    value: float, percentile: float, ends: bool
) -> None:
    pruner = PercentilePruner(percentile, min_epochs=2, startup_trials=4)
    study = Simulation(pruner, rising([*FIRST, value], 8)).run()
    assert study.of("PRUNED") == ([(4, 2)] if ends else [])


def test_the_first_trials_train_to_the_end() -> None:
    study = Simulation(PercentilePruner(25, startup_trials=5), rising([*FIRST[::-1], 0.01], 4)).run()
    assert len(study.of("COMPLETE")) == 5


def test_options_are_checked() -> None:
    search = {"pruner": "percentile", "max_epochs": 8}
    with pytest.raises(SpecError, match=r"percentile, startup_trials, every.*pruner_options\.percentile"):
        StudySpec(search={**search, "pruner_options": {"percentile": 100}})
