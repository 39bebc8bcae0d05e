"""Conditions, constraints and starting points: every sampler keeps to them."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from sparktune.errors import SpecError
from sparktune.search import Sampler
from sparktune.spec import SearchSpec
from sparktune.spec.conditions import in_force
from sparktune.trial import Params
from tests.search.samplers.spaces import ANY, COUNTABLE, complete, conditional, learning

NAMES = ["grid", "random", "qmc", "tpe", "cmaes", "nsga2"]
SPACE = {
    "units": {"low": 1, "high": 8},
    "optimizer": ["adam", "momentum"],
    "momentum": {"low": 0.0, "high": 0.9, "step": 0.1, "when": {"optimizer": "momentum"}},
}


def asked(sampler: Sampler, most: int) -> list[Params]:
    points: list[Params] = []
    while len(points) < most and (params := sampler.ask(len(points))) is not None:
        sampler.tell(complete(len(points), params, float(len(points))))
        points.append(params)
    return points


def distinct(points: list[Params]) -> int:
    return len({json.dumps(params) for params in points})


@pytest.mark.parametrize("name", NAMES)
class TestSpaces:
    @settings(max_examples=8)
    @given(document=COUNTABLE)
    def test_only_what_is_in_force_is_proposed_and_nothing_twice(
        self, name: str, document: dict[str, Any]
    ) -> None:
        search = {"space": conditional(document), "trials": 12}
        space = SearchSpec(**search).space
        sampler = learning(name, **search)
        points = asked(sampler, 13)
        assert all(in_force(space, params) == params for params in points)
        assert distinct(points) == len(points) == sampler.size

    @settings(max_examples=6)
    @given(document=ANY)
    def test_conditions_on_ranges_are_kept_as_well(self, name: str, document: dict[str, Any]) -> None:
        search = {"space": conditional(document), "trials": 6}
        space = SearchSpec(**search, sampler="random").space
        if name == "grid" and any(domain.points is None for domain in space.values()):
            with pytest.raises(SpecError, match="must be countable for sampler grid"):
                learning(name, **search)
            return
        points = asked(learning(name, **search), 6)
        assert all(in_force(space, params) == params for params in points)
        assert distinct(points) == len(points) >= 1

    def test_every_trial_meets_the_constraints(self, name: str) -> None:
        sampler = learning(
            name, SPACE, 200, constraints=["units * momentum <= 1", "units < 8 or momentum > 0"]
        )
        points = asked(sampler, 200)
        assert all(p["units"] * p.get("momentum", 0) <= 1 for p in points)
        assert len(points) == distinct(points) == sampler.size == 8 + 7 + 24

    def test_what_may_not_be_trained_is_not_proposed(self, name: str) -> None:
        sampler = learning(name, SPACE, 200, constraints=["units < 8"])
        sampler.restrict(lambda params: params["units"] in (1, 3))
        points = asked(sampler, 200)
        assert {p["units"] for p in points} == {1, 3}
        assert len(points) == distinct(points) == sampler.size == 2 * 11

    def test_a_replay_within_a_restriction_proposes_the_same(self, name: str) -> None:
        def restricted() -> Sampler:
            sampler = learning(name, SPACE, 16)
            sampler.restrict(lambda params: params["units"] in (1, 3))
            return sampler

        points = asked(restricted(), 16)
        resumed = restricted()
        for number, params in enumerate(points[:9]):
            resumed.replay(number, params)
            resumed.tell(complete(number, params, float(number)))
        assert resumed.ask(9) == points[9]

    def test_a_restriction_that_leaves_nothing_makes_the_search_empty(self, name: str) -> None:
        sampler = learning(name, SPACE, 200)
        sampler.restrict(lambda params: False)
        assert sampler.size == 0
        assert sampler.ask(0) is None

    def test_starting_points_come_first_and_not_again(self, name: str) -> None:
        start = [{"units": 8, "optimizer": "adam"}, {"units": 2, "optimizer": "momentum", "momentum": 0.3}]
        points = asked(learning(name, SPACE, 500, start=start), 500)
        assert points[:2] == start
        assert len(points) == distinct(points) == 8 * 11

    def test_a_starting_value_that_equals_others_in_python_is_trained_once(self, name: str) -> None:
        space = {"rate": [0.1, 1.0], "mixed": [1, True, 2]}
        points = asked(learning(name, space, 6, start=[{"rate": 1, "mixed": True}]), 7)
        assert json.dumps(points[0]) == '{"rate": 1.0, "mixed": true}'
        assert len(points) == distinct(points) == 6
