"""Optuna's NSGA-II."""

from tests.search.samplers.spaces import mean_of_last


def test_its_last_points_are_far_better_than_random_ones() -> None:
    assert mean_of_last("random") > 12
    assert mean_of_last("nsga2", population_size=10, mutation_prob=0.05) < 8
