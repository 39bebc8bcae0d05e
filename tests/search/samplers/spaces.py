"""Spaces of any kind, and the samplers over them."""

from typing import Any

from hypothesis import strategies as st

from sparktune.search import GridSampler, RandomSampler, Sampler, build_sampler
from sparktune.search.samplers.qmc import QmcSampler
from sparktune.spec import Range, SearchSpec, StudySpec
from sparktune.summary import Objective
from sparktune.trial import Params, TrialResult, TrialState

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


def low_discrepancy(space: dict[str, Any], trials: int = 40, seed: int = 7) -> QmcSampler:
    return QmcSampler(SearchSpec(sampler="qmc", space=space, trials=trials), seed)


def learning(
    name: str, space: dict[str, Any], trials: int | None = 40, seed: int = 7, **search: Any
) -> Sampler:
    """A sampler that minimises, by its name in a study."""
    model = {"kind": "builder", "builder": "package:build"}
    spec = StudySpec(
        study={"seed": seed},
        model=model,
        search={"sampler": name, "space": space, "trials": trials, **search},
    )
    sampler = build_sampler(spec)
    sampler.set_objective(Objective("val_loss", "minimize"))
    return sampler


def complete(number: int, params: Params, value: float) -> TrialResult:
    return TrialResult(trial=number, params=params, state=TrialState.COMPLETE, value=value)


def mean_of_last(name: str, **options: Any) -> float:
    """Of the last 30 of 120 points, the mean of x^2 + y^2; it is 2 * 25 / 3 for random points."""
    space = {"x": {"low": -5.0, "high": 5.0}, "y": {"low": -5.0, "high": 5.0}}
    sampler, values = learning(name, space, 120, options=options), []
    for number in range(120):
        params = sampler.ask(number) or {}
        values.append(params["x"] ** 2 + params["y"] ** 2)
        sampler.tell(complete(number, params, values[-1]))
    return sum(values[-30:]) / 30


def everything(sampler: Sampler) -> list[dict[str, Any]]:
    asked = []
    while (params := sampler.ask(len(asked))) is not None:
        asked.append(params)
    return asked


def conditional(document: dict[str, Any]) -> dict[str, Any]:
    """The space with each later name searched only at some values, or within bounds, of an earlier one."""
    space = {
        name: domain if isinstance(domain, dict) else {"values": domain} for name, domain in document.items()
    }
    domains = SearchSpec(sampler="random", trials=1, space=document).space
    names = list(space)
    for child, parent in zip(names[1:], names, strict=False):
        values = [domains[parent].value(index) for index in range(domains[parent].points or 0)]
        wanted: Any = values[: len(values) // 2 + 1]
        if not values or (len(child) % 2 and isinstance(domains[parent], Range)):
            low, high = domains[parent].ends
            wanted = {"low": low, "high": (low + high) / 2}
        space[child] = {**space[child], "when": {parent: wanted}}
    return space
