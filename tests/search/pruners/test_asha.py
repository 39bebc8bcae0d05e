"""Asynchronous successive halving, against the algorithm as published."""

import random

import pytest

from sparktune.errors import SpecError
from sparktune.search import Decision, PrunerView
from sparktune.search.pruners.asha import AshaPruner
from sparktune.spec import StudySpec
from sparktune.summary import Objective
from sparktune.trial import TrialResult, TrialState
from tests.search.pruners.simulation import Simulation, result_of, rising


def as_published(values: list[float], reduction: int, last: int) -> list[tuple[int, int]]:
    """`get_job` of arXiv 1810.05934, algorithm 2, with one worker, while new trials are left to begin.

    Gives trial and rung of each job. `values` are those of a trial at every rung, `last` the highest one.
    """
    rungs: list[list[int]] = [[] for _ in range(last + 1)]
    promoted: list[set[int]] = [set() for _ in range(last + 1)]
    jobs, new = [], 0
    while new < len(values):
        job = None
        for k in reversed(range(last)):
            best = sorted(rungs[k], key=lambda n: (-values[n], n))[: len(rungs[k]) // reduction]
            promotable = [n for n in best if n not in promoted[k]]
            if promotable:
                job = promotable[0], k + 1
                promoted[k].add(promotable[0])
                break
        if job is None:
            job, new = (new, 0), new + 1
        rungs[job[1]].append(job[0])
        jobs.append(job)
    return jobs


@pytest.mark.parametrize("reduction", [2, 3, 4])
def test_promotions_are_those_of_the_paper(reduction: int) -> None:
    values = [random.Random(7 * n).random() for n in range(60)]
    epochs = reduction**3
    study = Simulation(AshaPruner(epochs, 1, reduction), rising(values, epochs)).run()
    rung_of = {reduction**k: k for k in range(4)}
    jobs = [(n, rung_of[e]) for n, e, event in study.events if event in ("PAUSE", "COMPLETE")]
    published = as_published(values, reduction, last=3)
    assert jobs[: len(published)] == published
    assert study.epochs < 0.4 * 60 * epochs


def test_a_small_search_still_ends_with_a_complete_trial() -> None:
    study = Simulation(AshaPruner(27, 1, 3), rising([0.2, 0.9], 27)).run()
    assert study.of("COMPLETE") == [(1, 27)]
    assert study.of("PRUNED") == [(0, 1)]


def test_stopping_ends_what_is_not_among_the_best_at_its_rung() -> None:
    pruner = AshaPruner(9, 1, 3, stopping=True)
    study = Simulation(pruner, rising([0.5, 0.4, 0.3, 0.6, 0.1], 9)).run()
    assert study.of("CONTINUE") == [(0, 1), (0, 3), (1, 1), (1, 3), (3, 1), (3, 3)]
    assert study.of("PRUNED") == [(2, 1), (4, 1)]


def test_stopping_lets_trials_wait_until_one_is_complete() -> None:
    """The two that lead after one epoch go on, and both diverge once the others have come to that rung."""
    pruner = AshaPruner(9, 1, 3, stopping=True)
    pruner.set_objective(Objective("val_accuracy", "maximize"))
    curves = [[value] * 9 for value in (0.90, 0.88, *(0.80 - 0.01 * n for n in range(7)))]
    results: dict[int, TrialResult] = {}
    decisions = []
    for number, curve in enumerate(curves):
        results[number] = result_of(number, curve, 1, TrialState.PAUSED)
        decisions.append(pruner.decide(results[number], PrunerView(results, running=[0, 1])))
    assert decisions == [Decision.CONTINUE] * 2 + [Decision.PAUSE] * 7
    for number in (0, 1):
        results[number] = result_of(number, curves[number], 2, TrialState.DIVERGED)
    assert pruner.promote(PrunerView(results, range(2, 9), exhausted=True)) == 2
    results[2] = result_of(2, curves[2], 9, TrialState.COMPLETE)
    assert pruner.decide(results[8], PrunerView(results)) is Decision.STOP


def test_the_spec_sets_rungs_and_type() -> None:
    search = {"pruner": "asha", "min_epochs": 2, "max_epochs": 40, "reduction": 4}
    pruner = AshaPruner.from_spec(StudySpec(search=search).search)
    assert [pruner.next_rung(epochs) for epochs in (0, 2, 8, 31, 32)] == [2, 8, 32, 32, None]
    with pytest.raises(SpecError, match=r"must be options of pruner asha \(type\): .*promotion"):
        StudySpec(search={**search, "pruner_options": {"type": "both"}})
    with pytest.raises(SpecError, match="keep has no effect beside pruner asha"):
        StudySpec(search={**search, "keep": 3})
