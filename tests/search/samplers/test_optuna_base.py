"""What every sampler that learns through Optuna promises."""

import json
import math
import random
import warnings
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparktune.errors import SpecError, StudyFailed
from sparktune.search import Sampler
from sparktune.spec import SearchSpec, StudySpec
from sparktune.trial import Params, TrialResult, TrialState
from tests.search.samplers.spaces import ANY, complete, learning
from tests.search.samplers.test_random import inside

NEEDS_TORCH = pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")
NAMES = ["tpe", "cmaes", "nsga2", pytest.param("gp", marks=NEEDS_TORCH)]
SPACE = {
    "x": {"low": -5.0, "high": 5.0},
    "rate": {"low": 1e-4, "high": 1.0, "log": True},
    "units": {"low": 8, "high": 256, "log": True},
    "depth": {"low": 1, "high": 5},
    "share": {"low": 0.0, "high": 0.5, "step": 0.125},
    "shape": [[8], [8, 8], [16]],
    "word": ["relu", "tanh"],
}


def value_of(params: Params) -> float:
    return float(params["x"]) ** 2 + math.log10(params["rate"]) ** 2 + len(params["shape"]) + params["depth"]


def outcome(number: int, params: Params) -> TrialResult:
    """Complete, but every ninth trial fails and every tenth diverges."""
    if number % 10 == 9:
        return TrialResult(number, params, TrialState.DIVERGED)
    if number % 9 == 8:
        return TrialResult(number, params, TrialState.FAILED, error="ValueError: no")
    return complete(number, params, value_of(params))


Event = tuple[int, Params] | TrialResult


def replayed(name: str, events: list[Event], trials: int, **search: Any) -> Sampler:
    sampler = learning(name, SPACE, trials, **search)
    for event in events:
        if isinstance(event, TrialResult):
            sampler.tell(event)
        else:
            sampler.replay(*event)
    return sampler


def go_on(
    sampler: Sampler, events: list[Event], running: dict[int, Params], order: random.Random, until: int
) -> None:
    """Ask while fewer than four trials run, and end them in any order, until so many are launched."""
    number = sum(isinstance(event, tuple) for event in events)
    while True:
        while len(running) < 4:
            if number == until or (params := sampler.ask(number)) is None:
                return
            running[number] = params
            events.append((number, params))
            number += 1
        ended = order.choice([*running])
        result = outcome(ended, running.pop(ended))
        sampler.tell(result)
        events.append(result)


@pytest.mark.parametrize("name", NAMES)
class TestContract:
    def test_a_study_killed_in_the_middle_proposes_what_one_replay_proposes(self, name: str) -> None:
        order, events, running = random.Random(3), list[Event](), dict[int, Params]()
        for until in (17, 31, 45):  # the driver dies twice, with trials under way
            go_on(replayed(name, events, 45), events, running, order, until)
        replay = learning(name, SPACE, 45)
        for event in events:
            if isinstance(event, TrialResult):
                replay.tell(event)
            else:
                assert replay.ask(event[0]) == event[1]
        assert replay.ask(45) is None

    def test_a_trial_that_is_trained_again_is_learned_from_twice_also_in_a_replay(self, name: str) -> None:
        order, events, running = random.Random(3), list[Event](), dict[int, Params]()
        sampler = replayed(name, events, 45)
        go_on(sampler, events, running, order, 25)
        again = [event for event in events if isinstance(event, TrialResult) and event.value is None]
        assert again
        for result in again:
            better = complete(result.trial, result.params, 0.0)
            sampler.tell(better)
            events.append(better)
        replay = replayed(name, [*events], 45)
        assert [sampler.ask(n) for n in range(25, 30)] == [replay.ask(n) for n in range(25, 30)]

    @settings(max_examples=8)
    @given(space=ANY, seed=st.integers(0, 2**64 - 1))
    def test_points_lie_in_their_domains_are_distinct_and_survive_json(
        self, name: str, space: dict[str, Any], seed: int
    ) -> None:
        sampler = learning(name, space, 14, seed)
        asked: list[Params] = []
        while (params := sampler.ask(len(asked))) is not None:
            sampler.tell(complete(len(asked), params, float(len(asked))))
            asked.append(params)
        domains = SearchSpec(sampler="random", trials=1, space=space).space
        assert all(list(params) == list(space) for params in asked)
        assert all(inside(domains[n], value) for params in asked for n, value in params.items())
        assert json.loads(json.dumps(asked)) == asked
        assert len({json.dumps(params) for params in asked}) == len(asked) >= 1

    def test_a_countable_space_is_used_up_then_none(self, name: str) -> None:
        sampler = learning(name, {"a": [1, 2, 3], "b": {"low": 1, "high": 4}}, None)
        asked = [sampler.ask(number) for number in range(13)]
        assert sampler.size == 12
        assert asked[12] is None
        assert len({json.dumps(params) for params in asked[:12]}) == 12

    def test_what_was_launched_counts_where_it_was_another_point(self, name: str) -> None:
        other = {
            "x": 1.0,
            "rate": 0.5,
            "units": 9,
            "depth": 2,
            "share": 0.125,
            "shape": [8, 8],
            "word": "tanh",
        }
        sampler = replayed(name, [(0, other), complete(0, other, 1.0)], 4)
        assert sampler.ask(1) not in (None, other)

    def test_what_a_replay_proposes_otherwise_is_not_lost(self, name: str) -> None:
        space = {"a": {"low": 1, "high": 6}}
        first, second = learning(name, space, None), learning(name, space, None)
        points = [first.ask(number) for number in range(6)]
        launched = [params or {} for params in points[3:]]
        for number, params in enumerate(launched):
            second.replay(number, params)
        rest = [second.ask(number) for number in range(3, 7)]
        assert rest[3] is None
        assert sorted(str(p) for p in [*launched, *rest[:3]]) == sorted(str(p) for p in points)

    def test_an_open_space_needs_trials_or_a_budget(self, name: str) -> None:
        search: dict[str, Any] = {"sampler": name, "space": {"learning_rate": {"low": 0.1, "high": 0.2}}}
        with pytest.raises(SpecError, match=rf"is required for sampler {name}.*add trials.*search.trials"):
            StudySpec(search=search)
        for end in ({"trials": 3}, {"budget": {"epochs": 9}}, {"space": {"neurons": [8, 16]}}):
            StudySpec(search=search | end)

    def test_it_is_asked_when_a_slot_is_free(self, name: str) -> None:
        assert learning(name, SPACE).lookahead == 0

    def test_it_is_silent(self, name: str, capfd: pytest.CaptureFixture[str]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            events = list[Event]()
            go_on(learning(name, SPACE, 12), events, {}, random.Random(0), 12)
        assert capfd.readouterr() == ("", "")

    def test_options_that_optuna_does_not_take_are_refused(self, name: str) -> None:
        with pytest.raises(SpecError, match=r"must be options of Optuna's sampler.*search.options"):
            StudySpec(search={"sampler": name, "options": {"patience": 3}})
        with pytest.raises(SpecError, match=r"seed must not be given.*set study.seed"):
            StudySpec(search={"sampler": name, "options": {"seed": 3}})


VALUES = {"learning_rate": [0.01], "neurons": [8, 16]}  # of neurons Optuna knows the places 0 and 1


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("tpe", {"n_startup_trials": "x"}),
        ("cmaes", {"n_startup_trials": "x"}),
        ("nsga2", {"population_size": 8, "mutation_prob": "x"}),
        ("optuna", {"sampler": "optuna.samplers:BruteForceSampler"}),
        ("tpe", {"gamma": 3}),
        ("tpe", {"n_startup_trials": 30, "n_ei_candidates": 2.5}),
        ("nsga2", {"population_size": 10.5}),
        ("nsga2", {"constraints_func": "x"}),
        ("cmaes", {"independent_sampler": "x"}),
        ("cmaes", {"source_trials": [1]}),
        ("optuna", {"sampler": "optuna.samplers:GridSampler", "args": {"search_space": VALUES}}),
    ],
)
def test_what_optuna_refuses_only_when_it_is_asked_is_refused_at_once(
    name: str, options: dict[str, Any]
) -> None:
    space = {"learning_rate": {"low": 0.001, "high": 0.1}, "neurons": [8, 16]}
    with pytest.raises(SpecError, match=r"must be options of Optuna's sampler.*search.options"):
        StudySpec(search={"sampler": name, "trials": 3, "space": space, "options": options})


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is installed")
def test_a_module_that_optuna_needs_only_after_ten_trials_is_missed_at_once() -> None:
    options = {"sampler": "optuna.samplers:GPSampler"}
    with pytest.raises(SpecError, match=r"No module named 'torch'.*search.options"):
        StudySpec(search={"sampler": "optuna", "trials": 3, "space": SPACE, "options": options})


def test_options_that_are_made_for_several_objectives_are_kept() -> None:
    options = {"population_size": 8, "reference_points": [[0, 0, 1], [0, 1, 0], [1, 0, 0]]}
    learning("optuna", SPACE, options={"sampler": "optuna.samplers:NSGAIIISampler", "args": options})


def test_a_sampler_of_optuna_that_fails_within_the_study_says_where_that_comes_from() -> None:
    sampler = learning("tpe", SPACE, 100, options={"n_startup_trials": 70, "gamma": 3})
    with pytest.raises(
        StudyFailed, match=r"cannot go on with these search.options; it says: TypeError.*kept"
    ):
        go_on(sampler, [], {}, random.Random(0), 100)
