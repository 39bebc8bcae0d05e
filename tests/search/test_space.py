"""The points of a space."""

import random

import pytest

from sparktune.search.space import draw, point, points
from sparktune.spec import SearchSpec

SPACE = SearchSpec(space={"a": [1, 2], "b": {"low": 0.0, "high": 1.0, "step": 0.5}}).space
OPEN = SearchSpec(sampler="random", trials=1, space={"a": [1, 2], "b": {"low": 0.5, "high": 2.0}}).space


def test_points_are_counted_where_they_can_be() -> None:
    assert points(SPACE) == 6
    assert points(OPEN) is None


@pytest.mark.parametrize(("index", "expected"), [(0, (1, 0.0)), (1, (1, 0.5)), (3, (2, 0.0)), (5, (2, 1.0))])
def test_the_last_name_varies_fastest(index: int, expected: tuple[int, float]) -> None:
    assert tuple(point(SPACE, index).values()) == expected


def test_a_draw_lies_in_the_space_and_follows_its_source() -> None:
    drawn = [draw(OPEN, random.Random(seed)) for seed in range(50)]
    assert {params["a"] for params in drawn} == {1, 2}
    assert all(0.5 <= params["b"] <= 2.0 for params in drawn)
    assert draw(OPEN, random.Random(7)) == draw(OPEN, random.Random(7))
