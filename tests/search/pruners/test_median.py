"""Trials that are worse than the median of complete ones end."""

import pytest

from sparktune.errors import SpecError
from sparktune.search.pruners.median import MedianPruner
from sparktune.spec import StudySpec
from tests.search.pruners.simulation import Simulation, rising


def test_the_median_of_complete_trials_decides() -> None:
    values = [0.1, 0.2, 0.3, 0.4, 0.5, 0.29, 0.31]
    study = Simulation(MedianPruner(min_epochs=3, startup_trials=5), rising(values, 6)).run()
    assert study.of("PRUNED") == [(5, 3)]
    assert study.of("CONTINUE")[-3:] == [(6, 3), (6, 4), (6, 5)]


def test_it_takes_no_percentile() -> None:
    with pytest.raises(SpecError, match=r"options of pruner median \(startup_trials, every\)"):
        StudySpec(search={"pruner": "median", "max_epochs": 8, "pruner_options": {"percentile": 10}})
