"""Spaces of any kind, and the samplers over them."""

from typing import Any

from hypothesis import strategies as st

from sparktune.search import GridSampler, RandomSampler, Sampler
from sparktune.spec import SearchSpec

NAMES = st.text("abcdef", min_size=1, max_size=4)
CHOICES = st.lists(st.integers(-9, 9), min_size=1, max_size=4, unique=True).map(lambda v: {"values": v})
WORDS = st.lists(st.sampled_from(["relu", "tanh", "elu"]), min_size=1, unique=True)
INTS = st.builds(lambda low, width: {"low": low, "high": low + width}, st.integers(-9, 9), st.integers(1, 5))
STEPS = st.builds(
    lambda low, n: {"low": low, "high": low + n * 0.25, "step": 0.25}, st.integers(0, 3), st.integers(1, 5)
)
LOG_INTS = st.builds(
    lambda low, times: {"low": low, "high": low * times, "log": True}, st.integers(1, 9), st.integers(2, 9)
)
FLOATS = st.builds(
    lambda low, width: {"low": low, "high": low + width}, st.floats(-5, 5), st.floats(0.001, 5)
)
LOGS = st.builds(
    lambda low, times: {"low": low, "high": low * times, "log": True}, st.floats(1e-6, 1), st.floats(2, 1e4)
)
COUNTABLE = st.dictionaries(NAMES, CHOICES | WORDS | INTS | STEPS, min_size=1, max_size=4)
ANY = st.dictionaries(
    NAMES, CHOICES | WORDS | INTS | STEPS | LOG_INTS | FLOATS | LOGS, min_size=1, max_size=4
)


def grid(space: dict[str, Any], trials: int | None = None) -> GridSampler:
    return GridSampler(SearchSpec(sampler="grid", space=space, trials=trials))


def uniform(space: dict[str, Any], trials: int = 40, seed: int = 7) -> RandomSampler:
    return RandomSampler(SearchSpec(sampler="random", space=space, trials=trials), seed)


def everything(sampler: Sampler) -> list[dict[str, Any]]:
    asked = []
    while (params := sampler.ask(len(asked))) is not None:
        asked.append(params)
    return asked
