"""What every sampler promises, whatever the space."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparktune.search import WAIT, Sampler
from sparktune.spec import SearchSpec
from sparktune.trial import TrialResult, TrialState
from tests.search.samplers.spaces import COUNTABLE, everything, grid, low_discrepancy, uniform


@pytest.mark.parametrize("build", [grid, uniform, low_discrepancy])
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


def test_wait_is_neither_a_point_nor_an_end() -> None:
    assert not WAIT
    assert WAIT is not None
    assert repr(WAIT) == "WAIT"


def test_a_sampler_of_ones_own_needs_ask_tell_and_size() -> None:
    class Fixed(Sampler):
        size = 1

        def ask(self, number: int) -> dict[str, Any] | None:
            return {"neurons": 8} if number == 0 else None

        def tell(self, result: TrialResult) -> None:
            pass

    sampler = Fixed.from_spec(SearchSpec(space={"neurons": [8]}), seed=1)
    assert everything(sampler) == [{"neurons": 8}]
    assert sampler.lookahead is None
    with pytest.raises(TypeError, match="abstract"):
        Sampler()  # type: ignore[abstract]
