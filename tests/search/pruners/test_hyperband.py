"""Brackets of asynchronous successive halving, as the paper shares trials among them."""

from collections import Counter

import pytest

from sparktune.errors import SpecError
from sparktune.search.pruners.asha import AshaPruner
from sparktune.search.pruners.hyperband import HyperbandPruner
from sparktune.spec import StudySpec
from tests.search.pruners.simulation import Simulation, rising


def test_brackets_and_their_shares_are_those_of_the_paper() -> None:
    """Table 1 of arXiv 1603.06560: R = 81, eta = 3."""
    pruner = HyperbandPruner(max_epochs=81, reduction=3)
    assert pruner.brackets == [[1, 3, 9, 27], [3, 9, 27], [9, 27], [27], []]
    shares = Counter(pruner.bracket_of(number) for number in range(1430))
    assert [round(shares[bracket] / 10) for bracket in range(5)] == [81, 34, 15, 8, 5]


def test_few_trials_are_mixed_too() -> None:
    pruner = HyperbandPruner(max_epochs=27)
    for first in range(0, 500, 25):
        brackets = {pruner.bracket_of(number) for number in range(first, first + 25)}
        assert brackets == {0, 1, 2, 3}


def test_the_last_bracket_begins_where_a_whole_reduction_is_left() -> None:
    assert HyperbandPruner(max_epochs=26).brackets == [[1, 3, 9], [3, 9], [9]]
    assert HyperbandPruner(max_epochs=27).brackets == [[1, 3, 9], [3, 9], [9], []]
    assert HyperbandPruner(max_epochs=30, min_epochs=5, reduction=2).brackets == [[5, 10, 20], [10, 20], [20]]


def test_each_bracket_is_a_search_of_its_own() -> None:
    values = [((7 * number) % 40) / 40 for number in range(40)]
    pruner = HyperbandPruner(9)
    study = Simulation(pruner, rising(values, 9)).run()
    for bracket, rungs in enumerate(pruner.brackets):
        members = [number for number in range(40) if pruner.bracket_of(number) == bracket]
        epochs = [study.results[number].epochs for number in members]
        if rungs:
            alone = Simulation(AshaPruner(9, rungs[0]), rising([values[n] for n in members], 9)).run()
            assert epochs == [alone.results[place].epochs for place in range(len(members))]
        else:
            assert set(epochs) == {9}


def test_the_spec_sets_the_brackets() -> None:
    search = {"pruner": "hyperband", "min_epochs": 2, "max_epochs": 32, "reduction": 4}
    assert HyperbandPruner.from_spec(StudySpec(search=search).search).brackets == [[2, 8], [8], []]
    with pytest.raises(SpecError, match="keep has no effect beside pruner hyperband"):
        StudySpec(search={**search, "keep": 3})
