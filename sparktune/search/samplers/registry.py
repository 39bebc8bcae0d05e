"""From the spec to its sampler."""

from typing import cast

from sparktune.search.samplers.base import Sampler
from sparktune.spec import StudySpec
from sparktune.spec.extensions import SAMPLERS


def build_sampler(spec: StudySpec) -> Sampler:
    """The sampler that `search.sampler` names, seeded by `study.seed`."""
    sampler = cast(type[Sampler], SAMPLERS.load(spec.search.sampler))
    return sampler.from_spec(spec.search, spec.study.seed)
