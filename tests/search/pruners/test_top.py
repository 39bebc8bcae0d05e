"""Every trial for few epochs, then the best ones to the end."""

import pytest

from sparktune.errors import SpecError
from sparktune.search import PrunerView
from sparktune.search.pruners.top import TopPruner
from sparktune.spec import StudySpec
from sparktune.summary import Objective
from sparktune.trial import TrialState
from tests.search.pruners.simulation import Simulation, result_of, rising


def test_the_best_after_the_first_rung_train_to_the_end() -> None:
    study = Simulation(TopPruner(keep=2, min_epochs=2), rising([0.3, 0.9, 0.1, 0.8, 0.5], 10)).run()
    assert study.of("PAUSE") == [(number, 2) for number in range(5)]
    assert study.of("COMPLETE") == [(1, 10), (3, 10)]
    assert study.of("PRUNED") == [(0, 2), (2, 2), (4, 2)]
    assert study.epochs == 2 * 10 + 3 * 2


def test_of_equal_trials_the_first_goes_on() -> None:
    assert Simulation(TopPruner(keep=1), rising([0.5, 0.5, 0.5], 4)).run().of("COMPLETE") == [(0, 4)]


def test_the_best_epoch_before_the_rung_counts() -> None:
    curves = [[0.9, 0.1, 0.2, 0.2], [0.5, 0.6, 0.7, 0.8]]
    assert Simulation(TopPruner(keep=1, min_epochs=2), curves).run().of("COMPLETE") == [(0, 4)]


def view(*states: TrialState, running: tuple[int, ...] = ()) -> PrunerView:
    """Trials of falling quality, after 1 epoch where they are paused, else after 4."""
    results = {}
    for number, state in enumerate(states):
        curve = [1 - number / 10] * 4
        results[number] = result_of(number, curve, 1 if state is TrialState.PAUSED else 4, state)
    paused = [n for n, state in enumerate(states) if state is TrialState.PAUSED and n not in running]
    return PrunerView(results, paused, running, exhausted=True)


@pytest.fixture
def top() -> TopPruner:
    top = TopPruner(keep=2)
    top.set_objective(Objective("val_accuracy", "maximize"))
    return top


def test_nobody_goes_on_before_all_were_at_the_rung(top: TopPruner) -> None:
    paused = TrialState.PAUSED
    assert top.promote(view(paused, paused, running=(2,))) is None
    assert top.promote(view(paused, paused, running=(0,))) == 1  # it runs beyond the rung


def test_a_resumed_study_promotes_what_is_left(top: TopPruner) -> None:
    paused, complete = TrialState.PAUSED, TrialState.COMPLETE
    assert top.promote(view(complete, paused, paused)) == 1
    assert top.promote(view(complete, complete, paused)) is None


@pytest.mark.parametrize("state", [state for state in TrialState if state.unsuccessful])
def test_the_next_best_takes_the_place_of_one_that_failed(top: TopPruner, state: TrialState) -> None:
    paused, complete = TrialState.PAUSED, TrialState.COMPLETE
    assert top.promote(view(complete, state, paused)) == 2


def test_keep_is_required_and_reduction_is_refused() -> None:
    with pytest.raises(SpecError, match=r"keep is required for pruner top"):
        StudySpec(search={"pruner": "top", "max_epochs": 4})
    with pytest.raises(SpecError, match=r"reduction has no effect beside pruner top"):
        StudySpec(search={"pruner": "top", "max_epochs": 4, "keep": 1, "reduction": 2})
