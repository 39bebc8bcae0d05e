"""Trials that are worse than most complete ones at their epoch end."""

from typing import Annotated, final

import numpy as np
from pydantic import Field

from sparktune.search.pruners.base import Decision, PrunerView
from sparktune.search.pruners.stopping import StoppingPruner
from sparktune.spec.base import Count, Section
from sparktune.trial import TrialResult, TrialState, better


@final
class PercentileOptions(Section):
    """The best `percentile` of trials go on. Rungs are `every` so many epochs apart.

    The first `startup_trials` trials are trained to the end.
    """

    percentile: Annotated[float, Field(gt=0, lt=100)] = 25.0
    startup_trials: Count = 5
    every: Count = 1


@final
class PercentilePruner(StoppingPruner):
    """Ends a trial whose best value so far is not among the best `percentile` of complete trials' values.

    The rule is that of Optuna's PercentilePruner: a trial is compared at its epoch, from `min_epochs` on,
    once `startup_trials` trials are complete.

    Example:
        >>> from sparktune.spec import StudySpec
        >>> options = {"percentile": 25, "every": 2}
        >>> search = {"pruner": "percentile", "max_epochs": 20, "pruner_options": options}
        >>> pruner = PercentilePruner.from_spec(StudySpec(search=search).search)
        >>> [pruner.next_rung(epochs) for epochs in (0, 1, 3)]
        [1, 3, 5]
    """

    options = PercentileOptions

    def __init__(
        self, percentile: float, startup_trials: int = 5, every: int = 1, min_epochs: int = 1
    ) -> None:
        super().__init__(min_epochs, every)
        self._percentile = percentile
        self._startup_trials = startup_trials

    def decide(self, result: TrialResult, view: PrunerView) -> Decision:
        metric, epoch = self.objective.metric, result.epochs
        complete = [r.history[metric] for r in view.results.values() if r.state is TrialState.COMPLETE]
        values = [history[epoch - 1] for history in complete if len(history) >= epoch]
        own = self.best_value(result, epoch)
        if len(complete) < self._startup_trials or not values or own is None:
            return Decision.CONTINUE
        maximize = self.objective.direction == "maximize"
        bound = float(np.percentile(values, 100 - self._percentile if maximize else self._percentile))
        return Decision.STOP if better(self.objective.direction, bound, own) else Decision.CONTINUE
