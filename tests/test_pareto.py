"""The front that is kept equals the one that all pairs of trials give, in whatever order they come."""

import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparktune.pareto import ParetoFront, dominates, pareto_front, rank
from sparktune.summary import Objective
from sparktune.trial import TrialResult, TrialState

DIRECTIONS = ("maximize", "minimize", "minimize")
NAMES = ("accuracy", "parameters", "seconds")
SEVERAL = Objective("accuracy", "maximize", tuple(map(Objective, NAMES, DIRECTIONS)))
NUMBERS = st.sampled_from([0, 1, 2, 0.5, -1.5])  # few, so that there are equal ones


def result(
    number: int, *values: float, state: TrialState = TrialState.COMPLETE, **fields: Any
) -> TrialResult:
    given = dict(zip(NAMES, values, strict=False))
    return TrialResult(number, {"n": number}, state, **{"value": values[0], "values": given} | fields)


def by_all_pairs(results: list[TrialResult]) -> set[int]:
    """Numbers of the trials that no other one beats; of equal ones the lowest."""

    def costs(result: TrialResult) -> tuple[float, ...]:
        accuracy, *others = result.values.values()
        return (-accuracy, *others)

    def is_beaten(own: TrialResult, other: TrialResult) -> bool:
        better = all(a <= b for a, b in zip(costs(other), costs(own), strict=True))
        return better and (costs(other) != costs(own) or other.trial < own.trial)

    return {own.trial for own in results if not any(is_beaten(own, other) for other in results)}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=12), st.randoms(use_true_random=False))
def test_the_front_equals_that_of_all_pairs_in_any_order(
    values: list[tuple[float, float, float]], source: random.Random
) -> None:
    results = [result(number, *own) for number, own in enumerate(values)]
    source.shuffle(results)
    front = ParetoFront(SEVERAL)
    for number, one in enumerate(results, start=1):
        admitted = front.admits(one)
        front.add(one)
        assert set(front.members) == by_all_pairs(results[:number])
        assert admitted is (one.trial in front.members)
    if results:
        assert front.best is front.ranked[0]
        assert front.best.value == max(one.value for one in results)
        ranks = {one.trial: rank(one.trial, one.value, one.values, SEVERAL) for one in results}
        assert front.best.trial == min(ranks, key=lambda number: ranks[number])


@settings(max_examples=50, deadline=None)
@given(st.lists(NUMBERS, max_size=10), st.sampled_from(["maximize", "minimize"]))
def test_with_one_objective_it_is_the_best_trial(values: list[float], direction: str) -> None:
    results = [result(number, value, values={}) for number, value in enumerate(values)]
    front = pareto_front(reversed(results), Objective("accuracy", direction))
    best = max(values, default=None) if direction == "maximize" else min(values, default=None)
    assert list(front.members) == ([] if best is None else [values.index(best)])
    assert front.values == (() if best is None else ((best,),))


@pytest.mark.parametrize(
    "other",
    [
        result(1, math.nan, 1, 1),
        result(1, 2.0, math.inf, 1),
        result(1, 2.0),
        result(1, 2.0, 0, 0, state=TrialState.PRUNED),
        result(1, 2.0, 0, 0, value=None),
    ],
    ids=["not a number", "infinite", "incomplete", "pruned", "without a value"],
)
def test_only_complete_trials_with_finite_values_count(other: TrialResult) -> None:
    front = pareto_front([result(0, 1.0, 5, 5), other], SEVERAL)
    assert list(front.members) == [0]
    assert not front.admits(other)


def test_of_equal_best_values_the_other_objectives_decide() -> None:
    front = pareto_front([result(3, 0.9, 10, 2), result(2, 0.9, 20, 1), result(1, 0.5, 1, 9)], SEVERAL)
    assert [member.trial for member in front.ranked] == [3, 2, 1]


def test_equal_values_dominate_in_no_direction() -> None:
    assert not dominates((1, 2), (1, 2), ["maximize", "minimize"])
    assert dominates((1, 1), (1, 2), ["maximize", "minimize"])
    assert not dominates((1, 1), (1, 2), ["maximize", "maximize"])
