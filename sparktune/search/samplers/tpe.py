"""Optuna's tree-structured Parzen estimators."""

from typing import TYPE_CHECKING, final

from sparktune.search.samplers.optuna_base import OptunaSampler, options_of
from sparktune.spec import SearchSpec

if TYPE_CHECKING:
    import optuna


@final
class TpeSampler(OptunaSampler):
    """Proposes what is likely among good trials and unlikely among the others; a good first choice."""

    @classmethod
    def algorithm(cls, search: SearchSpec, seed: int) -> "optuna.samplers.BaseSampler":
        from optuna.samplers import TPESampler

        return TPESampler(seed=seed, **options_of(search))
