"""What proposes configurations."""

from sparktune.search.samplers.base import Sampler
from sparktune.search.samplers.grid import GridSampler
from sparktune.search.samplers.random import RandomSampler
from sparktune.search.samplers.registry import build_sampler

__all__ = ["GridSampler", "RandomSampler", "Sampler", "build_sampler"]
