"""Optuna's evolution strategy CMA-ES."""

from typing import TYPE_CHECKING, final

from sparktune.search.samplers.optuna_base import OptunaSampler, options_of
from sparktune.spec import SearchSpec

if TYPE_CHECKING:
    import optuna


@final
class CmaesSampler(OptunaSampler):
    """Adapts a normal distribution to the best trials: for numbers; listed names are drawn at random."""

    @classmethod
    def algorithm(cls, search: SearchSpec, seed: int) -> "optuna.samplers.BaseSampler":
        from optuna.samplers import CmaEsSampler

        return CmaEsSampler(seed=seed, **options_of(search))
