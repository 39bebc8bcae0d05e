"""The points of a space."""

import json
import random
from itertools import product
from typing import Any

import pytest
from hypothesis import given

from sparktune.search.space import IndexedSpace, count_allowed, draw, position
from sparktune.spec import SearchSpec
from sparktune.spec.conditions import in_force
from tests.search.samplers.spaces import COUNTABLE, conditional

SPACE = SearchSpec(space={"a": [1, 2], "b": {"low": 0.0, "high": 1.0, "step": 0.5}}).space
OPEN = SearchSpec(sampler="random", trials=1, space={"a": [1, 2], "b": {"low": 0.5, "high": 2.0}}).space


def test_points_are_counted_where_they_can_be() -> None:
    assert IndexedSpace(SPACE).points == 6
    assert IndexedSpace(OPEN).points is None


@pytest.mark.parametrize(("index", "expected"), [(0, (1, 0.0)), (1, (1, 0.5)), (3, (2, 0.0)), (5, (2, 1.0))])
def test_the_last_name_varies_fastest(index: int, expected: tuple[int, float]) -> None:
    assert tuple(IndexedSpace(SPACE).point(index).values()) == expected


def test_a_draw_lies_in_the_space_and_follows_its_source() -> None:
    drawn = [draw(OPEN, random.Random(seed)) for seed in range(50)]
    assert {params["a"] for params in drawn} == {1, 2}
    assert all(0.5 <= params["b"] <= 2.0 for params in drawn)
    assert draw(OPEN, random.Random(7)) == draw(OPEN, random.Random(7))


@pytest.mark.parametrize(
    ("domain", "value", "place"),
    [
        ([3, 1, 2], 1, 0.5),
        (["sgd", "adam"], "adam", 1.0),
        (["sgd", "adam"], "momentum", 0.5),
        ([7], 7, 0.5),
        ({"low": 0.001, "high": 0.1, "log": True}, 0.01, 0.5),
        ({"low": 10, "high": 20}, 12, 0.2),
        ({"low": 10, "high": 20}, 30, 0.5),
    ],
)
def test_a_value_has_a_place_in_its_domain(domain: object, value: object, place: float) -> None:
    space = SearchSpec(sampler="random", trials=1, space={"a": domain}).space
    assert position(space["a"], value) == pytest.approx(place)


@given(document=COUNTABLE)
def test_a_conditional_space_has_each_configuration_in_force_once(document: dict[str, Any]) -> None:
    space = SearchSpec(space=conditional(document)).space
    values = [[domain.value(i) for i in range(domain.points or 0)] for domain in space.values()]
    expected = {
        json.dumps(in_force(space, dict(zip(space, point, strict=True)))) for point in product(*values)
    }
    index = IndexedSpace(space)
    points = [json.dumps(index.point(place)) for place in range(index.points or 0)]
    assert len(points) == len(expected)
    assert set(points) == expected


def test_a_huge_conditional_space_costs_nothing_until_a_point_is_wanted() -> None:
    numbers = {name: {"low": 1, "high": 1000, "when": {"kind": "b"}} for name in "cdefghijkl"}
    index = IndexedSpace(SearchSpec(space={"kind": ["a", "b"], "x": [1, 2], **numbers}).space)
    assert index.points == 2 + 2 * 1000**10
    assert index.point(1) == {"kind": "a", "x": 2}
    assert index.point(2 + 2 * 1000**10 - 1) == {"kind": "b", "x": 2, **dict.fromkeys("cdefghijkl", 1000)}


def test_constraints_leave_what_meets_them() -> None:
    space = {"a": [1, 2, 3], "b": [1, 2, 3]}
    search = SearchSpec(space=space, constraints=["a < b"])
    assert count_allowed(search, IndexedSpace(search.space)) == 3
    with pytest.raises(ValueError, match=r"leave no configuration"):
        SearchSpec(space=space, constraints=["a + b > 6"])
