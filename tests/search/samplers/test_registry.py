"""From the spec to its sampler."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sparktune.search import GridSampler, RandomSampler, Sampler, build_sampler
from sparktune.spec import StudySpec
from tests.search.samplers.spaces import everything

PACKAGE = """
import sparktune

class Countdown(sparktune.Sampler):
    def __init__(self, trials):
        self.trials = trials

    @classmethod
    def from_spec(cls, search, seed):
        return cls(search.trials)

    @property
    def size(self):
        return self.trials

    def ask(self, number):
        return {"neurons": self.trials - number} if number < self.trials else None

    def tell(self, result):
        pass
"""


@pytest.mark.parametrize(("name", "kind"), [("grid", GridSampler), ("random", RandomSampler)])
def test_the_spec_names_its_sampler(name: str, kind: type[Sampler]) -> None:
    spec = StudySpec(search={"sampler": name, "trials": 3, "space": {"neurons": [4, 8, 16, 32]}})
    sampler = build_sampler(spec)
    assert isinstance(sampler, kind)
    assert sampler.size == 3


def test_the_study_seed_moves_the_random_points() -> None:
    search = {"sampler": "random", "trials": 5, "space": {"dropout": {"low": 0.0, "high": 0.5}}}
    one, two = (build_sampler(StudySpec(study={"seed": seed}, search=search)) for seed in (1, 2))
    assert everything(one) != everything(two)


def test_a_sampler_of_another_package_is_found_by_its_entry_point(install: Callable[..., Path]) -> None:
    install("countdown", PACKAGE, {"sparktune.samplers": {"countdown": "Countdown"}})
    spec = StudySpec(search={"sampler": "countdown", "trials": 3, "space": {"neurons": [1, 2, 3]}})
    assert everything(build_sampler(spec)) == [{"neurons": n} for n in (3, 2, 1)]
