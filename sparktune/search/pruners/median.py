"""Trials that are worse than the median of complete ones at their epoch end."""

from typing import Self, final

from sparktune.search.pruners.base import Decision, Pruner, PrunerView, check_options, pruner_options
from sparktune.search.pruners.percentile import PercentilePruner
from sparktune.spec import SearchSpec
from sparktune.spec.base import Count, Section
from sparktune.summary import Objective
from sparktune.trial import TrialResult


@final
class MedianOptions(Section):
    """The first `startup_trials` trials train to the end. Rungs are `every` so many epochs apart."""

    startup_trials: Count = 5
    every: Count = 1


@final
class MedianPruner(Pruner):
    """Ends a trial whose best value so far is worse than the median of complete trials at its epoch.

    Example:
        >>> from sparktune.spec import StudySpec
        >>> search = {"pruner": "median", "max_epochs": 20, "min_epochs": 4}
        >>> MedianPruner.from_spec(StudySpec(search=search).search).next_rung(0)
        4
    """

    def __init__(self, min_epochs: int = 1, startup_trials: int = 5, every: int = 1) -> None:
        self._rule = PercentilePruner(50, min_epochs, startup_trials, every)

    @classmethod
    def check(cls, search: SearchSpec) -> None:
        check_options(search, "min_epochs", "pruner_options")
        pruner_options(MedianOptions, search)

    @classmethod
    def from_spec(cls, search: SearchSpec) -> Self:
        options = pruner_options(MedianOptions, search)
        return cls(search.min_epochs or 1, options.startup_trials, options.every)

    def set_objective(self, objective: Objective) -> None:
        super().set_objective(objective)
        self._rule.set_objective(objective)

    def next_rung(self, epochs: int) -> int | None:
        return self._rule.next_rung(epochs)

    def decide(self, result: TrialResult, view: PrunerView) -> Decision:
        return self._rule.decide(result, view)
