"""Trials that are worse than the median of complete ones at their epoch end."""

from typing import final

from sparktune.search.pruners.base import Decision, PrunerView
from sparktune.search.pruners.percentile import PercentilePruner
from sparktune.search.pruners.stopping import StoppingPruner
from sparktune.spec.base import Count, Section
from sparktune.summary import Objective
from sparktune.trial import TrialResult


@final
class MedianOptions(Section):
    """The first `startup_trials` trials train to the end. Rungs are `every` so many epochs apart."""

    startup_trials: Count = 5
    every: Count = 1


@final
class MedianPruner(StoppingPruner):
    """Ends a trial whose best value so far is worse than the median of complete trials at its epoch.

    Example:
        >>> from sparktune.spec import StudySpec
        >>> search = {"pruner": "median", "max_epochs": 20, "min_epochs": 4}
        >>> MedianPruner.from_spec(StudySpec(search=search).search).next_rung(0)
        4
    """

    options = MedianOptions

    def __init__(self, startup_trials: int = 5, every: int = 1, min_epochs: int = 1) -> None:
        super().__init__(min_epochs, every)
        self._rule = PercentilePruner(50, startup_trials, every, min_epochs)

    def set_objective(self, objective: Objective) -> None:
        super().set_objective(objective)
        self._rule.set_objective(objective)

    def decide(self, result: TrialResult, view: PrunerView) -> Decision:
        return self._rule.decide(result, view)
