"""Every point, one after another."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparktune.search import GridSampler
from sparktune.search.space import IndexedSpace
from sparktune.spec import SearchSpec
from tests.search.samplers.spaces import COUNTABLE, everything, grid


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


def test_a_continuous_range_is_refused() -> None:
    with pytest.raises(ValueError, match="finite number"):
        GridSampler(SearchSpec(sampler="random", trials=3, space={"a": {"low": 0.0, "high": 1.0}}))
