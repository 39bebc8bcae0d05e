"""Points of the Sobol sequence."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sparktune.spec import SearchSpec
from tests.search.samplers.spaces import ANY, everything, low_discrepancy
from tests.search.samplers.test_random import inside


@settings(max_examples=30)
@given(space=ANY, seed=st.integers(0, 2**64 - 1))
def test_points_lie_in_their_domains_and_are_distinct(space: dict[str, Any], seed: int) -> None:
    asked = everything(low_discrepancy(space, trials=15, seed=seed))
    domains = SearchSpec(sampler="qmc", trials=1, space=space).space
    assert all(inside(domains[name], value) for params in asked for name, value in params.items())
    assert len({json.dumps(params) for params in asked}) == len(asked) >= 1


def test_each_part_of_the_square_has_its_share() -> None:
    space = {"a": {"low": 0.0, "high": 1.0}, "b": {"low": 1e-4, "high": 1.0, "log": True}}
    asked = everything(low_discrepancy(space, trials=64))
    rows = [sum(low <= p["a"] < low + 0.25 for p in asked) for low in (0, 0.25, 0.5, 0.75)]
    decades = [sum(10.0**e <= p["b"] < 10.0 ** (e + 1) for p in asked) for e in range(-4, 0)]
    assert rows == decades == [16] * 4


def test_more_trials_begin_with_the_same_points() -> None:
    space = {"a": {"low": 0.0, "high": 1.0}}
    assert everything(low_discrepancy(space, trials=100))[:10] == everything(
        low_discrepancy(space, trials=10)
    )


def test_the_seed_scrambles() -> None:
    space = {"a": {"low": 0.0, "high": 1.0}}
    assert everything(low_discrepancy(space, seed=1)) != everything(low_discrepancy(space, seed=2))
