"""What proposes configurations."""

from sparktune.search.base import Sampler
from sparktune.search.build import build_sampler
from sparktune.search.grid import GridSampler
from sparktune.search.random import RandomSampler

__all__ = ["GridSampler", "RandomSampler", "Sampler", "build_sampler"]
