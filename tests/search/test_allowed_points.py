"""How many points a search has, and where new ones are looked for."""

import random
from itertools import islice, repeat

from sparktune.search.allowed_points import MAX_DRAWS, AllowedPoints, smallest
from sparktune.search.space import MAX_BUILT
from sparktune.spec import SearchSpec

SPACE = {"a": [1, 2, 3]}


def test_the_size_is_the_smallest_bound() -> None:
    assert AllowedPoints(SearchSpec(space=SPACE)).size == 3
    assert AllowedPoints(SearchSpec(space=SPACE, trials=2)).size == 2
    assert AllowedPoints(SearchSpec(space=SPACE, constraints=["a < 2"])).size == 1
    endless = {"sampler": "random", "space": {"a": {"low": 0.0, "high": 1.0}}}
    assert AllowedPoints(SearchSpec(**endless, budget={"epochs": 9})).size is None


def test_draws_come_first_then_all_points_of_a_countable_space() -> None:
    points = AllowedPoints(SearchSpec(space=SPACE))
    found = [*points.candidates(repeat({"a": 0}), random.Random(1))]
    assert found[:MAX_DRAWS] == [{"a": 0}] * MAX_DRAWS
    assert sorted(params["a"] for params in found[MAX_DRAWS:]) == [1, 2, 3]


def test_fewer_points_are_looked_at_where_models_are_built() -> None:
    points = AllowedPoints(SearchSpec(space={"a": {"low": 1, "high": 10_000}}))
    points.restrict(lambda params: params["a"] > 9_999)
    assert points.allows({"a": 10_000}) and not points.allows({"a": 1})
    drawn = islice(points.candidates(repeat({"a": 0}), random.Random(1)), 3 * MAX_BUILT)
    assert len([*drawn]) == 2 * MAX_BUILT


def test_the_smallest_of_the_limits_that_there_are() -> None:
    assert smallest(3, None, 2) == 2
    assert smallest(None) is None
