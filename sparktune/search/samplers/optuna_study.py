"""A study of Optuna in memory, which its samplers need to propose points and to learn of results."""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, final

from sparktune.search.space import Space
from sparktune.spec import Choice, Domain
from sparktune.spec.conditions import by_dependence, is_searched
from sparktune.spec.domain import is_same
from sparktune.summary import Objective
from sparktune.trial import Params, TrialReport, TrialResult, TrialState

if TYPE_CHECKING:
    import optuna

WORST = (TrialState.DIVERGED, TrialState.TIMED_OUT, TrialState.OUT_OF_MEMORY)


@final
class OptunaStudy:
    """Trials of Optuna over a space, one for each configuration that is asked for.

    A value of a countable range, or of a list of numbers that rise or fall, is a whole number from 0: its
    place there, so that it comes back exactly. Any other listed value is a category.
    """

    def __init__(self, space: Space, algorithm: "optuna.samplers.BaseSampler", objective: Objective) -> None:
        import optuna

        from sparktune.search.samplers.optuna_storage import ReportedTrials  # it imports optuna

        self._space = space
        self._metric = objective.metric
        self._metrics = [metric.metric for metric in objective.metrics]
        self._worst = [-math.inf if o.direction == "maximize" else math.inf for o in objective.all]
        self._order = by_dependence(space)
        self._storage = ReportedTrials()
        # Others leave out trials that are pruned, and remember that of those that wait once they have ended.
        self._learns_of_pruned = isinstance(algorithm, optuna.samplers.TPESampler)
        self._stopped = False
        with silent_optuna():
            self._study = optuna.create_study(
                storage=self._storage,
                directions=["maximize" if o.direction == "maximize" else "minimize" for o in objective.all],
                sampler=algorithm,
                pruner=optuna.pruners.NopPruner(),
            )
        self._study.stop = self._note_stop  # type: ignore[method-assign]  # Optuna's own needs its own loop

    @property
    def stopped(self) -> bool:
        """Whether Optuna's sampler has ended the search: it has called `study.stop()`."""
        return self._stopped

    def ask(self, fixed: Params | None = None) -> tuple["optuna.Trial", Params]:
        """A new trial and its parameters: those that Optuna's sampler proposes, or the `fixed` ones."""
        with silent_optuna():
            if fixed is not None:
                self._study.enqueue_trial({n: _place(self._space[n], value) for n, value in fixed.items()})
            trial = self._study.ask()
            params: Params = {}
            for name in self._order:
                if is_searched(self._space, name, params):
                    params[name] = _suggested(trial, name, self._space[name])
        return trial, {name: params[name] for name in self._space if name in params}

    def add(self, result: TrialResult) -> None:
        """A trial of an earlier study, with how it ended; one that failed or passed a limit is left out."""
        import optuna

        pruned = result.state is TrialState.PRUNED
        history = result.history.get(self._metric, []) if pruned else []
        values = self._worst if result.state is TrialState.DIVERGED else history[-1:] or self._values(result)
        if result.state is TrialState.FAILED or values is None or any(map(math.isnan, values)):
            return
        params = result.params
        with silent_optuna():
            self._study.add_trial(
                optuna.trial.create_trial(
                    state=optuna.trial.TrialState.PRUNED if pruned else optuna.trial.TrialState.COMPLETE,
                    params={name: _place(self._space[name], value) for name, value in params.items()},
                    distributions={name: _distribution(self._space[name]) for name in params},
                    values=values,
                    intermediate_values=dict(enumerate(history, start=1)),
                )
            )

    def discard(self, trial: "optuna.Trial") -> None:
        """A trial that will not be trained: samplers leave it out."""
        from optuna.trial import TrialState as State

        with silent_optuna():
            self._study.tell(trial, state=State.FAIL)

    def report(self, trial: "optuna.Trial", report: TrialReport) -> None:
        """How a trial stands: `tpe` takes it for one that was pruned there, until it has ended.

        To Optuna it would only run, as it does for other samplers. With a pruner that lets trials wait few
        ones end, so that there would be next to nothing to learn from. With several objectives Optuna has no
        pruned trials.
        """
        if self._learns_of_pruned and len(self._worst) == 1 and self._metric in report.metrics:
            self._storage.report(trial.number, report.epochs, report.metrics[self._metric])

    def tell(self, trial: "optuna.Trial", result: TrialResult) -> None:
        """How a trial ended. One that failed is left out.

        One that diverged, or passed a limit, is the worst there can be: others like it would do the same.
        Of a pruned one Optuna learns the objective of each epoch: its samplers rank it by the last one.
        """
        if result.state is TrialState.PRUNED:
            self._tell_pruned(trial, result.history.get(self._metric, []))
            return
        values = self._worst if result.state in WORST else self._values(result)
        if result.state is TrialState.FAILED or values is None or any(map(math.isnan, values)):
            self.discard(trial)
            return
        with silent_optuna():
            self._study.tell(trial, values)

    def _note_stop(self) -> None:
        self._stopped = True

    def _values(self, result: TrialResult) -> list[float] | None:
        """The value of each objective; None where one has none."""
        values = [result.values.get(name) for name in self._metrics] or [result.value]
        known = [value for value in values if value is not None]
        return known if len(known) == len(values) else None

    def _tell_pruned(self, trial: "optuna.Trial", values: list[float]) -> None:
        from optuna.trial import TrialState as State

        with silent_optuna():
            for epoch, value in enumerate(values, start=1):
                trial.report(value, epoch)
            self._study.tell(trial, state=State.PRUNED)


def _suggested(trial: "optuna.Trial", name: str, domain: Domain) -> Any:
    """The domain's value for the one that Optuna's sampler suggests."""
    if isinstance(domain, Choice) and not domain.is_ordered:
        return domain.value(trial.suggest_categorical(name, range(domain.points)))
    if isinstance(domain, Choice) or domain.points is not None:
        return domain.value(trial.suggest_int(name, 0, (domain.points or 0) - 1))
    if domain.is_int:
        return trial.suggest_int(name, int(domain.low), int(domain.high), log=True)
    return trial.suggest_float(name, domain.low, domain.high, log=domain.log)


def _distribution(domain: Domain) -> "optuna.distributions.BaseDistribution":
    """What `_suggested` asks of Optuna for a domain."""
    from optuna import distributions

    if isinstance(domain, Choice) and not domain.is_ordered:
        return distributions.CategoricalDistribution(range(domain.points))
    if isinstance(domain, Choice) or domain.points is not None:
        return distributions.IntDistribution(0, (domain.points or 0) - 1)
    if domain.is_int:
        return distributions.IntDistribution(int(domain.low), int(domain.high), log=True)
    return distributions.FloatDistribution(domain.low, domain.high, log=domain.log)


def _place(domain: Domain, value: Any) -> Any:
    """Optuna's value for one of the domain's."""
    if isinstance(domain, Choice):
        return next(place for place, known in enumerate(domain.values) if is_same(known, value))
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
