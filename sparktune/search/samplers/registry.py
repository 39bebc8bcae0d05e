"""From the spec to its sampler."""

from sparktune.search.samplers.base import Sampler
from sparktune.search.samplers.grid import GridSampler
from sparktune.search.samplers.random import RandomSampler
from sparktune.spec import StudySpec


def build_sampler(spec: StudySpec) -> Sampler:
    """The sampler that `search.sampler` names, seeded by `study.seed`."""
    if spec.search.sampler == "random":
        return RandomSampler(spec.search, spec.study.seed)
    return GridSampler(spec.search)
