"""Random points, none of them twice."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sparktune.spec import Choice, Range, SearchSpec
from tests.search.samplers.spaces import ANY, everything, uniform


def inside(domain: Choice | Range, value: Any) -> bool:
    if isinstance(domain, Choice):
        return value in domain.values
    return type(value) is (int if domain.is_int else float) and domain.low <= value <= domain.high


@given(space=ANY, seed=st.integers(0, 2**40))
def test_points_lie_in_their_domains_and_are_distinct(space: dict[str, Any], seed: int) -> None:
    asked = everything(uniform(space, trials=15, seed=seed))
    domains = SearchSpec(sampler="random", trials=1, space=space).space
    assert all(inside(domains[name], value) for params in asked for name, value in params.items())
    assert len({json.dumps(params) for params in asked}) == len(asked) >= 1


@given(space=ANY)
def test_points_survive_json(space: dict[str, Any]) -> None:
    for params in everything(uniform(space, trials=5)):
        assert json.loads(json.dumps(params, allow_nan=False)) == params


def test_the_seed_decides() -> None:
    space = {"a": {"low": 0.0, "high": 1.0}}
    assert everything(uniform(space, seed=1)) == everything(uniform(space, seed=1))
    assert everything(uniform(space, seed=1)) != everything(uniform(space, seed=2))


def test_more_trials_begin_with_the_same_points() -> None:
    space = {"a": {"low": 1, "high": 1000}, "b": {"low": 1e-4, "high": 1.0, "log": True}}
    assert everything(uniform(space, trials=30))[:10] == everything(uniform(space, trials=10))


def test_a_sparse_rest_of_a_large_space_is_still_found() -> None:
    asked = everything(uniform({"a": {"low": 1, "high": 3000}}, trials=3000))
    assert sorted(p["a"] for p in asked) == [*range(1, 3001)]


def test_a_logarithmic_range_of_ints_is_used_up() -> None:
    asked = everything(uniform({"a": {"low": 1, "high": 4, "log": True}}, trials=40))
    assert sorted(p["a"] for p in asked) == [1, 2, 3, 4]


def test_a_logarithmic_range_is_even_in_the_logarithm() -> None:
    values = [
        p["a"] for p in everything(uniform({"a": {"low": 1e-4, "high": 1.0, "log": True}}, trials=2000))
    ]
    shares = [sum(10.0**e <= v < 10.0 ** (e + 1) for v in values) / 2000 for e in range(-4, 0)]
    assert all(0.2 < share < 0.3 for share in shares)


def test_an_even_range_is_even() -> None:
    values = [p["a"] for p in everything(uniform({"a": {"low": -1.0, "high": 3.0}}, trials=2000))]
    shares = [sum(low <= v < low + 1 for v in values) / 2000 for low in (-1, 0, 1, 2)]
    assert all(0.2 < share < 0.3 for share in shares)
