"""What proposes configurations, and what ends trials early."""

from sparktune.search.pruners.base import Decision, Pruner, PrunerView
from sparktune.search.pruners.registry import build_pruner
from sparktune.search.samplers.base import WAIT, Sampler, Wait
from sparktune.search.samplers.grid import GridSampler
from sparktune.search.samplers.random import RandomSampler
from sparktune.search.samplers.registry import build_sampler

__all__ = [
    "WAIT",
    "Decision",
    "GridSampler",
    "Pruner",
    "PrunerView",
    "RandomSampler",
    "Sampler",
    "Wait",
    "build_pruner",
    "build_sampler",
]
