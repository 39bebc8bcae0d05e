"""Every point, one after another."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparktune.search import GridSampler
from sparktune.search.space import IndexedSpace
from sparktune.spec import SearchSpec
from tests.search.samplers.spaces import COUNTABLE, conditional, everything, grid


def test_the_last_name_varies_fastest() -> None:
    asked = everything(grid({"a": [1, 2], "b": ["x", "y", "z"]}))
    assert [tuple(p.values()) for p in asked] == [
        (1, "x"), (1, "y"), (1, "z"), (2, "x"), (2, "y"), (2, "z")
    ]  # fmt: skip


def test_a_huge_grid_costs_nothing_until_asked() -> None:
    sampler = grid({name: {"low": 1, "high": 1000} for name in "abcdefghij"})
    assert sampler.size == 10**30
    assert sampler.ask(10**30 - 1) == dict.fromkeys("abcdefghij", 1000)
    assert sampler.ask(10**30) is None


@given(space=COUNTABLE, data=st.data())
def test_an_index_decodes_to_the_point_of_the_nested_loops(
    space: dict[str, Any], data: st.DataObject
) -> None:
    domains = SearchSpec(space=space).space
    index = data.draw(st.integers(0, (IndexedSpace(domains).points or 0) - 1))
    digits = {
        n: [d.value(i) for i in range(d.points or 0)].index(IndexedSpace(domains).point(index)[n])
        for n, d in domains.items()
    }
    encoded = 0
    for name, domain in domains.items():
        encoded = encoded * (domain.points or 0) + digits[name]
    assert encoded == index


def test_a_huge_grid_passes_at_once_what_a_constraint_leaves_out() -> None:
    space = {name: {"low": 0, "high": 9} for name in "abcdefghi"}
    search = SearchSpec(space=space, constraints=["a >= 5", "b + c >= 18", "b % (a + 1) == 3"], trials=3)
    began = time.process_time()
    points = everything(GridSampler(search))
    assert [tuple(params.values()) for params in points] == [(5, 9, 9, 0, 0, 0, 0, 0, i) for i in range(3)]
    assert time.process_time() - began < 2


def test_a_long_look_for_the_next_point_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sparktune.search.samplers.grid.QUIET", 0.0)
    space = {"a": [1, 2, 3], "b": {"low": 1, "high": 9}}
    assert len(everything(GridSampler(SearchSpec(space=space, constraints=["b - a >= 6"])))) == 6
    said = [record.getMessage() for record in caplog.records]
    assert said[0].startswith("search: the grid has no next point after 0 s (at 1 of 27), as constraints")
    assert len(said) == 3  # before the first point of each `a`


@given(space=COUNTABLE, data=st.data())
def test_constraints_leave_the_others_in_their_order(space: dict[str, Any], data: st.DataObject) -> None:
    space = conditional(space)
    names = st.sampled_from([name for name, domain in space.items() if domain.get("values") is None] or ["1"])
    bounds = st.builds("{} * 3 + {} > {}".format, names, names, st.integers(-9, 9))
    constraints = data.draw(st.lists(bounds, max_size=3))
    search = SearchSpec(space=space)
    index = IndexedSpace(search.space)
    points = map(index.point, range(index.points or 0))
    expected = [p for p in points if search.model_copy(update={"constraints": tuple(constraints)}).allows(p)]
    if expected:
        assert everything(GridSampler(SearchSpec(space=space, constraints=constraints))) == expected


def test_a_continuous_range_is_refused() -> None:
    with pytest.raises(ValueError, match="finite number"):
        GridSampler(SearchSpec(sampler="random", trials=3, space={"a": {"low": 0.0, "high": 1.0}}))
