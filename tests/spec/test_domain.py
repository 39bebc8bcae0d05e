"""Domains: how many values, and which."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparktune.spec import Choice, Range, SearchSpec


class TestRange:
    @pytest.mark.parametrize(
        ("given_", "values"),
        [
            ({"low": 1, "high": 4}, [1, 2, 3, 4]),
            ({"low": 1, "high": 6, "step": 2}, [1, 3, 5]),
            ({"low": 0.0, "high": 0.3, "step": 0.1}, [0.0, 0.1, 0.2, 0.3]),
            ({"low": 0, "high": 1.0, "step": 0.4}, [0.0, 0.4, 0.8]),
            ({"low": -1, "high": 1.0, "step": 1}, [-1.0, 0.0, 1.0]),
        ],
    )
    def test_values(self, given_: dict[str, float], values: list[float]) -> None:
        domain = Range.model_validate(given_)
        assert domain.points == len(values)
        found = [domain.value(index) for index in range(len(values))]
        assert (found, [type(v) for v in found]) == (values, [type(v) for v in values])

    @pytest.mark.parametrize("given_", [{"low": 0.0, "high": 1.0}, {"low": 1, "high": 9, "log": True}])
    def test_a_range_without_steps_has_no_count(self, given_: dict[str, float]) -> None:
        assert Range.model_validate(given_).points is None

    @given(low=st.floats(-1e6, 1e6), step=st.floats(1e-3, 1e3), count=st.integers(1, 50))
    def test_values_stay_inside_and_rise(self, low: float, step: float, count: int) -> None:
        domain = Range(low=low, high=low + step * count, step=step)
        values = [domain.value(index) for index in range(domain.points or 0)]
        assert values == sorted(set(values))
        assert low - abs(low) * 1e-9 <= values[0] and values[-1] <= domain.high


class TestChoice:
    @pytest.mark.parametrize(
        ("given_", "values"),
        [
            (np.array([0.5, 0.25]), (0.5, 0.25)),
            ({"values": np.arange(1, 4)}, (1, 2, 3)),
            (np.array(["sgd", "adam"]), ("sgd", "adam")),
            ([np.array([32, 16]), [8]], ([32, 16], [8])),
            ([np.bool_(True), np.float64(1.5)], (True, 1.5)),
        ],
    )
    def test_arrays_are_lists(self, given_: Any, values: tuple[object, ...]) -> None:
        domain = SearchSpec(space={"x": given_}).space["x"]
        assert isinstance(domain, Choice)
        assert (domain.values, [type(v) for v in domain.values]) == (values, [type(v) for v in values])

    def test_an_array_of_one_number_is_no_list(self) -> None:
        with pytest.raises(ValueError, match="must be a list of values"):
            SearchSpec(space={"x": np.array(3)})

    def test_one_and_true_are_different_values(self) -> None:
        assert Choice(values=(1, True, "1", None, [1])).points == 5

    @pytest.mark.parametrize(
        "values", [(1, 1.0), ("a", "a"), ([1], [1]), ({"a": 1, "b": 2}, {"b": 2, "a": 1})]
    )
    def test_a_value_twice_is_refused(self, values: tuple[object, ...]) -> None:
        with pytest.raises(ValueError, match="must hold no value twice"):
            Choice(values=values)
