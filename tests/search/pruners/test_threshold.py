"""Trials whose objective leaves its bounds end."""

import pytest

from sparktune.errors import SpecError
from sparktune.search.pruners.threshold import ThresholdPruner
from sparktune.spec import StudySpec
from tests.search.pruners.simulation import Simulation, rising


def test_either_bound_ends_a_trial() -> None:
    curves = rising([0.4, 0.8, 1.6], 4)
    assert Simulation(ThresholdPruner(0.25, min_epochs=2), curves).run().of("PRUNED") == [(0, 2)]
    assert Simulation(ThresholdPruner(None, 1.0), curves).run().of("PRUNED") == [(2, 3)]
    assert Simulation(ThresholdPruner(None, 1.0, every=3), curves).run().of("PRUNED") == []


def test_a_bound_is_required() -> None:
    with pytest.raises(SpecError, match="must have lower or upper"):
        StudySpec(search={"pruner": "threshold", "max_epochs": 8})
