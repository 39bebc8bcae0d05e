"""The highest rung rises only while the ranking is unstable."""

import random

import pytest

from sparktune.errors import SpecError
from sparktune.search.pruners.asha import AshaPruner
from sparktune.search.pruners.pasha import PashaPruner, noise
from sparktune.spec import StudySpec
from tests.search.pruners.simulation import Curves, Simulation, rising

EPOCHS = 81


def noisy(count: int, size: float) -> Curves:
    """Lines that wobble by about `size` from epoch to epoch."""
    source = random.Random(3)
    lines = rising([source.random() for _ in range(count)], EPOCHS)
    return [[value + source.uniform(-size, size) for value in line] for line in lines]


def crossing(count: int) -> Curves:
    """The order at each rung is another one than at the rung below."""
    source = random.Random(4)
    curves = []
    for _ in range(count):
        levels = [source.random() + stage for stage in range(5)]
        curves.append([levels[sum(epoch >= rung for rung in (1, 3, 9, 27))] for epoch in range(EPOCHS)])
    return curves


def reached(study: Simulation) -> dict[int, int]:
    """How many trials were trained for so many epochs."""
    epochs = [result.epochs for result in study.results.values()]
    return {rung: epochs.count(rung) for rung in sorted(set(epochs))}


def test_a_stable_ranking_keeps_trials_at_the_second_rung() -> None:
    curves = noisy(50, 0)
    study = Simulation(PashaPruner(EPOCHS), curves).run()
    assert reached(study).keys() == {1, 3, EPOCHS}
    best = max(range(50), key=lambda number: curves[number][-1])
    assert study.of("COMPLETE") == [(best, EPOCHS)]


def test_a_ranking_that_never_is_stable_makes_it_asha() -> None:
    pruners = PashaPruner(EPOCHS, epsilon=0.0), AshaPruner(EPOCHS)
    study, asha = (reached(Simulation(pruner, crossing(60)).run()) for pruner in pruners)
    assert {rung: study[rung] for rung in (1, 3)} == {rung: asha[rung] for rung in (1, 3)}
    assert study.keys() == asha.keys() == {1, 3, 9, 27, EPOCHS}


def test_noise_alone_does_not_raise_the_rung() -> None:
    curves = noisy(60, 0.004)
    exact = Simulation(PashaPruner(EPOCHS, min_epochs=3, epsilon=0.0), curves).run()
    estimated = Simulation(PashaPruner(EPOCHS, min_epochs=3), curves).run()
    wide = Simulation(PashaPruner(EPOCHS, min_epochs=3, epsilon=1.0), curves).run()
    assert max(set(reached(exact)) - {EPOCHS}) == 27
    assert max(set(reached(estimated)) - {EPOCHS}) == 9
    assert estimated.epochs < 0.8 * exact.epochs
    assert reached(wide).keys() == {3, 9, EPOCHS}


def test_noise_is_the_distance_of_curves_that_cross_twice() -> None:
    assert noise([[1, 2, 3], [0, 1, 2]]) == 0
    assert noise([[1, 0, 1], [0, 1, 0.5]]) == 0.5
    assert noise([[1, 0, 0], [0, 1, 0.5]]) == 0
    assert noise([[1, 2]]) == 0


def test_the_winner_of_a_search_of_one_rung_is_complete() -> None:
    study = Simulation(PashaPruner(3), rising([0.2, 0.9, 0.4, 0.1], 3)).run()
    assert study.of("COMPLETE") == [(1, 3)]


def test_the_spec_sets_rungs_and_epsilon() -> None:
    search = {"pruner": "pasha", "max_epochs": 40, "reduction": 4, "space": {"neurons": [1, 2]}}
    assert PashaPruner.from_spec(StudySpec(search=search).search).rungs == [1, 4, 16]
    with pytest.raises(SpecError, match=r"must be options of pruner pasha \(epsilon\)"):
        StudySpec(search={**search, "pruner_options": {"epsilon": -1}})
    open_space = {"learning_rate": {"low": 0.001, "high": 0.1}}
    budget = {"epochs": 99}
    with pytest.raises(SpecError, match=r"is required for pruner pasha .*\(search\.trials\)"):
        StudySpec(search={**search, "sampler": "tpe", "space": open_space, "budget": budget})
    StudySpec(search={**search, "sampler": "tpe", "space": open_space, "trials": 9})
