"""Optuna's TPE."""

from itertools import pairwise

from sparktune.summary import Objective
from tests.search.samplers.spaces import complete, learning, mean_of_last


def test_its_last_points_are_far_better_than_random_ones() -> None:
    assert mean_of_last("random") > 12
    assert mean_of_last("tpe") < 6


def test_running_trials_are_kept_away_from() -> None:
    """The constant liar: eight points asked for in a row, with nothing told in between, differ widely."""
    sampler = learning("tpe", {"x": {"low": 0.0, "high": 1.0}}, 100)
    for number in range(40):
        params = sampler.ask(number)
        assert params is not None
        sampler.tell(complete(number, params, abs(params["x"] - 0.5)))
    ahead = sorted((sampler.ask(number) or {})["x"] for number in range(40, 48))
    assert min(b - a for a, b in pairwise(ahead)) > 1e-6
    assert ahead[-1] - ahead[0] > 0.01


def test_the_direction_of_the_objective_counts() -> None:
    sampler = learning("tpe", {"x": {"low": 0.0, "high": 1.0}}, 60)
    sampler.set_objective(Objective("val_accuracy", "maximize"))
    points = []
    for number in range(60):
        params = sampler.ask(number)
        assert params is not None
        points.append(params["x"])
        sampler.tell(complete(number, params, params["x"]))
    assert sum(points[-20:]) / 20 > 0.8
