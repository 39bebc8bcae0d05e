"""Trials whose objective leaves its bounds end."""

from typing import final

from pydantic import model_validator

from sparktune.search.pruners.base import Decision, PrunerView
from sparktune.search.pruners.stopping import StoppingPruner
from sparktune.spec.base import Count, Fault, Section
from sparktune.trial import TrialResult


@final
class ThresholdOptions(Section):
    """Bounds on the objective, at least one of them. Rungs are `every` so many epochs apart."""

    lower: float | None = None
    upper: float | None = None
    every: Count = 1

    @model_validator(mode="after")
    def _bounded_somewhere(self) -> "ThresholdOptions":
        if self.lower is None and self.upper is None:
            raise Fault("must have lower or upper; add one")
        return self


@final
class ThresholdPruner(StoppingPruner):
    """Ends a trial whose objective is below `lower` or above `upper` after `min_epochs` epochs or later.

    Example:
        >>> from sparktune.spec import StudySpec
        >>> search = {"pruner": "threshold", "max_epochs": 20, "min_epochs": 2}
        >>> spec = StudySpec(search={**search, "pruner_options": {"lower": 0.5}})
        >>> ThresholdPruner.from_spec(spec.search).next_rung(0)
        2
    """

    options = ThresholdOptions

    def __init__(
        self, lower: float | None, upper: float | None = None, every: int = 1, min_epochs: int = 1
    ) -> None:
        super().__init__(min_epochs, every)
        self._lower, self._upper = lower, upper

    def decide(self, result: TrialResult, view: PrunerView) -> Decision:
        value = result.history[self.objective.metric][-1]
        below = self._lower is not None and value < self._lower
        above = self._upper is not None and value > self._upper
        return Decision.STOP if below or above else Decision.CONTINUE
