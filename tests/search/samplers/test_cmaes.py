"""Optuna's CMA-ES."""

from tests.search.samplers.spaces import mean_of_last


def test_its_last_points_are_far_better_than_random_ones() -> None:
    assert mean_of_last("random") > 12
    assert mean_of_last("cmaes") < 8
