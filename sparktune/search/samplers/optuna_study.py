"""A study of Optuna in memory: what its samplers are asked in, and told."""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, final

from sparktune.search.space import Space
from sparktune.spec import Choice, Domain
from sparktune.summary import Objective
from sparktune.trial import Params, TrialResult, TrialState

if TYPE_CHECKING:
    import optuna


@final
class OptunaStudy:
    """Trials of Optuna over a space, one for each configuration that is asked for.

    A listed value is a category. A value of a countable range is a whole number from 0, its place in the
    range, so that it comes back exactly.
    """

    def __init__(self, space: Space, algorithm: "optuna.samplers.BaseSampler", objective: Objective) -> None:
        import optuna

        self._space = space
        self._worst = -math.inf if objective.direction == "maximize" else math.inf
        self._distributions = {name: _distribution(domain) for name, domain in space.items()}
        with silent_optuna():
            self._study = optuna.create_study(
                direction="maximize" if objective.direction == "maximize" else "minimize",
                sampler=algorithm,
                pruner=optuna.pruners.NopPruner(),
            )

    def ask(self, fixed: Params | None = None) -> tuple["optuna.Trial", Params]:
        """A new trial and its parameters: those that Optuna's sampler proposes, or the `fixed` ones."""
        with silent_optuna():
            if fixed is not None:
                self._study.enqueue_trial(self._places(fixed))
            trial = self._study.ask(self._distributions)
        return trial, {name: _value(domain, trial.params[name]) for name, domain in self._space.items()}

    def discard(self, trial: "optuna.Trial") -> None:
        """A trial that will not be trained: samplers leave it out."""
        from optuna.trial import TrialState as State

        with silent_optuna():
            self._study.tell(trial, state=State.FAIL)

    def tell(self, trial: "optuna.Trial", result: TrialResult) -> None:
        """How a trial ended. One that diverged is the worst there can be; one that failed is left out."""
        value = self._worst if result.state is TrialState.DIVERGED else result.value
        if result.state is TrialState.FAILED or value is None or math.isnan(value):
            self.discard(trial)
            return
        with silent_optuna():
            self._study.tell(trial, value)

    def _places(self, params: Params) -> Params:
        return {name: _place(domain, params[name]) for name, domain in self._space.items()}


def _distribution(domain: Domain) -> "optuna.distributions.BaseDistribution":
    """How Optuna sees a domain."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(domain, Choice):
        return CategoricalDistribution(range(domain.points))
    if domain.points is not None:
        return IntDistribution(0, domain.points - 1)
    if domain.is_int:
        return IntDistribution(int(domain.low), int(domain.high), log=True)
    return FloatDistribution(domain.low, domain.high, log=domain.log)


def _value(domain: Domain, found: Any) -> Any:
    """The domain's value for Optuna's."""
    return found if domain.points is None else domain.value(found)


def _place(domain: Domain, value: Any) -> Any:
    """Optuna's value for one of the domain's."""
    if isinstance(domain, Choice):
        return domain.values.index(value)
    if domain.points is None:
        return value
    return round((value - domain.low) / (domain.step or 1))


@contextmanager
def silent_optuna() -> Iterator[None]:
    """Without Optuna's log lines and warnings; what the caller has set comes back."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)
