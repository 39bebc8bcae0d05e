"""Optuna's genetic algorithm NSGA-II."""

from typing import TYPE_CHECKING, final

from sparktune.search.samplers.optuna_base import OptunaSampler, options_of
from sparktune.spec import SearchSpec

if TYPE_CHECKING:
    import optuna


@final
class Nsga2Sampler(OptunaSampler):
    """Crosses and mutates the best of each 50 trials (option `population_size`)."""

    @classmethod
    def algorithm(cls, search: SearchSpec, seed: int) -> "optuna.samplers.BaseSampler":
        from optuna.samplers import NSGAIISampler

        return NSGAIISampler(seed=seed, **options_of(search))
