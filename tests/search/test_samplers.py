"""What every sampler promises, whatever the space."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparktune.search import GridSampler, RandomSampler, Sampler, build_sampler
from sparktune.search.space import point, points
from sparktune.spec import Choice, Range, SearchSpec, StudySpec
from sparktune.trial import TrialResult, TrialState

NAMES = st.text("abcdef", min_size=1, max_size=4)
CHOICES = st.lists(st.integers(-9, 9), min_size=1, max_size=4, unique=True).map(lambda v: {"values": v})
WORDS = st.lists(st.sampled_from(["relu", "tanh", "elu"]), min_size=1, unique=True)
INTS = st.builds(lambda low, width: {"low": low, "high": low + width}, st.integers(-9, 9), st.integers(1, 5))
STEPS = st.builds(
    lambda low, n: {"low": low, "high": low + n * 0.25, "step": 0.25}, st.integers(0, 3), st.integers(1, 5)
)
LOG_INTS = st.builds(
    lambda low, times: {"low": low, "high": low * times, "log": True}, st.integers(1, 9), st.integers(2, 9)
)
FLOATS = st.builds(
    lambda low, width: {"low": low, "high": low + width}, st.floats(-5, 5), st.floats(0.001, 5)
)
LOGS = st.builds(
    lambda low, times: {"low": low, "high": low * times, "log": True}, st.floats(1e-6, 1), st.floats(2, 1e4)
)
COUNTABLE = st.dictionaries(NAMES, CHOICES | WORDS | INTS | STEPS, min_size=1, max_size=4)
ANY = st.dictionaries(
    NAMES, CHOICES | WORDS | INTS | STEPS | LOG_INTS | FLOATS | LOGS, min_size=1, max_size=4
)


def grid(space: dict[str, Any], trials: int | None = None) -> GridSampler:
    return GridSampler(SearchSpec(sampler="grid", space=space, trials=trials))


def uniform(space: dict[str, Any], trials: int = 40, seed: int = 7) -> RandomSampler:
    return RandomSampler(SearchSpec(sampler="random", space=space, trials=trials), seed)


def everything(sampler: Sampler) -> list[dict[str, Any]]:
    asked = []
    while (params := sampler.ask(len(asked))) is not None:
        asked.append(params)
    return asked


def inside(domain: Choice | Range, value: Any) -> bool:
    if isinstance(domain, Choice):
        return value in domain.values
    return type(value) is (int if domain.is_int else float) and domain.low <= value <= domain.high


@pytest.mark.parametrize("build", [grid, uniform])
class TestContract:
    @given(space=COUNTABLE)
    def test_a_countable_space_is_proposed_point_by_point_then_none(
        self, build: Callable[..., Sampler], space: dict[str, Any]
    ) -> None:
        sampler = build(space, trials=10_000)
        asked = everything(sampler)
        assert (
            len(asked)
            == sampler.size
            == math.prod(d.points or 0 for d in SearchSpec(space=space).space.values())
        )
        assert len({json.dumps(params, sort_keys=True) for params in asked}) == len(asked)

    @given(space=COUNTABLE, data=st.data())
    def test_a_number_gives_the_same_point_whenever_it_is_asked(
        self, build: Callable[..., Sampler], space: dict[str, Any], data: st.DataObject
    ) -> None:
        asked = everything(build(space, trials=12))
        numbers = data.draw(st.permutations(range(len(asked))))
        again = build(space, trials=12)
        assert {n: again.ask(n) for n in numbers} == dict(enumerate(asked))

    @given(space=COUNTABLE, trials=st.integers(1, 30))
    def test_trials_bound_the_search(
        self, build: Callable[..., Sampler], space: dict[str, Any], trials: int
    ) -> None:
        sampler = build(space, trials=trials)
        assert len(everything(sampler)) == sampler.size <= trials

    def test_names_keep_their_order_and_the_caller_may_change_a_point(
        self, build: Callable[..., Sampler]
    ) -> None:
        sampler = build({"b": [1, 2], "a": [3, 4]})
        first = sampler.ask(0)
        assert first is not None and list(first) == ["b", "a"]
        kept = dict(first)
        first["b"] = 99
        assert sampler.ask(0) == kept

    def test_telling_changes_nothing(self, build: Callable[..., Sampler]) -> None:
        told, untold = build({"a": [1, 2, 3]}), build({"a": [1, 2, 3]})
        told.tell(TrialResult(trial=0, params={"a": 1}, state=TrialState.COMPLETE, value=1.0))
        assert everything(told) == everything(untold)


class TestGrid:
    def test_the_last_name_varies_fastest(self) -> None:
        asked = everything(grid({"a": [1, 2], "b": ["x", "y", "z"]}))
        assert [tuple(p.values()) for p in asked] == [
            (1, "x"), (1, "y"), (1, "z"), (2, "x"), (2, "y"), (2, "z")
        ]  # fmt: skip

    def test_a_huge_grid_costs_nothing_until_asked(self) -> None:
        sampler = grid({name: {"low": 1, "high": 1000} for name in "abcdefghij"})
        assert sampler.size == 10**30
        assert sampler.ask(10**30 - 1) == dict.fromkeys("abcdefghij", 1000)
        assert sampler.ask(10**30) is None

    @given(space=COUNTABLE, data=st.data())
    def test_an_index_decodes_to_the_point_of_the_nested_loops(
        self, space: dict[str, Any], data: st.DataObject
    ) -> None:
        domains = SearchSpec(space=space).space
        index = data.draw(st.integers(0, (points(domains) or 0) - 1))
        digits = {
            n: [d.value(i) for i in range(d.points or 0)].index(point(domains, index)[n])
            for n, d in domains.items()
        }
        encoded = 0
        for name, domain in domains.items():
            encoded = encoded * (domain.points or 0) + digits[name]
        assert encoded == index

    def test_a_continuous_range_is_refused(self) -> None:
        with pytest.raises(ValueError, match="finite number"):
            GridSampler(SearchSpec(sampler="random", trials=3, space={"a": {"low": 0.0, "high": 1.0}}))


class TestRandom:
    @given(space=ANY, seed=st.integers(0, 2**40))
    def test_points_lie_in_their_domains_and_are_distinct(self, space: dict[str, Any], seed: int) -> None:
        asked = everything(uniform(space, trials=15, seed=seed))
        domains = SearchSpec(sampler="random", trials=1, space=space).space
        assert all(inside(domains[name], value) for params in asked for name, value in params.items())
        assert len({json.dumps(params) for params in asked}) == len(asked) >= 1

    @given(space=ANY)
    def test_points_survive_json(self, space: dict[str, Any]) -> None:
        for params in everything(uniform(space, trials=5)):
            assert json.loads(json.dumps(params, allow_nan=False)) == params

    def test_the_seed_decides(self) -> None:
        space = {"a": {"low": 0.0, "high": 1.0}}
        assert everything(uniform(space, seed=1)) == everything(uniform(space, seed=1))
        assert everything(uniform(space, seed=1)) != everything(uniform(space, seed=2))

    def test_more_trials_begin_with_the_same_points(self) -> None:
        space = {"a": {"low": 1, "high": 1000}, "b": {"low": 1e-4, "high": 1.0, "log": True}}
        assert everything(uniform(space, trials=30))[:10] == everything(uniform(space, trials=10))

    def test_a_sparse_rest_of_a_large_space_is_still_found(self) -> None:
        asked = everything(uniform({"a": {"low": 1, "high": 3000}}, trials=3000))
        assert sorted(p["a"] for p in asked) == [*range(1, 3001)]

    def test_a_logarithmic_range_of_ints_is_used_up(self) -> None:
        asked = everything(uniform({"a": {"low": 1, "high": 4, "log": True}}, trials=40))
        assert sorted(p["a"] for p in asked) == [1, 2, 3, 4]

    def test_a_logarithmic_range_is_even_in_the_logarithm(self) -> None:
        values = [
            p["a"] for p in everything(uniform({"a": {"low": 1e-4, "high": 1.0, "log": True}}, trials=2000))
        ]
        shares = [sum(10.0**e <= v < 10.0 ** (e + 1) for v in values) / 2000 for e in range(-4, 0)]
        assert all(0.2 < share < 0.3 for share in shares)

    def test_an_even_range_is_even(self) -> None:
        values = [p["a"] for p in everything(uniform({"a": {"low": -1.0, "high": 3.0}}, trials=2000))]
        shares = [sum(low <= v < low + 1 for v in values) / 2000 for low in (-1, 0, 1, 2)]
        assert all(0.2 < share < 0.3 for share in shares)


@pytest.mark.parametrize(("name", "kind"), [("grid", GridSampler), ("random", RandomSampler)])
def test_the_spec_names_its_sampler(name: str, kind: type[Sampler]) -> None:
    spec = StudySpec(search={"sampler": name, "trials": 3, "space": {"neurons": [4, 8, 16, 32]}})
    sampler = build_sampler(spec)
    assert isinstance(sampler, kind)
    assert sampler.size == 3


def test_the_study_seed_moves_the_random_points() -> None:
    search = {"sampler": "random", "trials": 5, "space": {"dropout": {"low": 0.0, "high": 0.5}}}
    one, two = (build_sampler(StudySpec(study={"seed": seed}, search=search)) for seed in (1, 2))
    assert everything(one) != everything(two)
