"""Optuna's Gaussian process."""

from importlib.util import find_spec
from typing import TYPE_CHECKING, final

from sparktune.search.samplers.optuna_base import OptunaSampler, options_of
from sparktune.spec import SearchSpec
from sparktune.spec.base import Fault

if TYPE_CHECKING:
    import optuna


@final
class GpSampler(OptunaSampler):
    """Models the objective and proposes where it may get better: for few and slow trials; needs PyTorch."""

    @classmethod
    def check(cls, search: SearchSpec) -> None:
        """Refuse a search where PyTorch is missing, and options that Optuna's sampler does not take."""
        if find_spec("torch") is None:
            raise Fault(
                "needs PyTorch, which is not installed; pip install 'sparktune[gp]', or use sampler: tpe",
                "sampler",
                value=search.sampler,
            )
        super().check(search)

    @classmethod
    def algorithm(cls, search: SearchSpec, seed: int) -> "optuna.samplers.BaseSampler":
        from optuna.samplers import GPSampler

        return GPSampler(seed=seed, **options_of(search))
