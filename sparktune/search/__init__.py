"""What proposes configurations."""

from sparktune.search.samplers.base import WAIT, Sampler, Wait
from sparktune.search.samplers.grid import GridSampler
from sparktune.search.samplers.random import RandomSampler
from sparktune.search.samplers.registry import build_sampler

__all__ = ["WAIT", "GridSampler", "RandomSampler", "Sampler", "Wait", "build_sampler"]
