"""Trials whose objective leaves its bounds end."""

from typing import Self, final

from pydantic import model_validator

from sparktune.search.pruners.base import (
    Decision,
    Pruner,
    PrunerView,
    check_options,
    next_in_steps,
    pruner_options,
)
from sparktune.spec import SearchSpec
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
class ThresholdPruner(Pruner):
    """Ends a trial whose objective is below `lower` or above `upper` after `min_epochs` epochs or later.

    Example:
        >>> from sparktune.spec import StudySpec
        >>> search = {"pruner": "threshold", "max_epochs": 20, "min_epochs": 2}
        >>> spec = StudySpec(search={**search, "pruner_options": {"lower": 0.5}})
        >>> ThresholdPruner.from_spec(spec.search).next_rung(0)
        2
    """

    def __init__(
        self, lower: float | None, upper: float | None = None, min_epochs: int = 1, every: int = 1
    ) -> None:
        self._lower, self._upper = lower, upper
        self._first, self._every = min_epochs, every

    @classmethod
    def check(cls, search: SearchSpec) -> None:
        check_options(search, "min_epochs", "pruner_options")
        pruner_options(ThresholdOptions, search)

    @classmethod
    def from_spec(cls, search: SearchSpec) -> Self:
        options = pruner_options(ThresholdOptions, search)
        return cls(options.lower, options.upper, search.min_epochs or 1, options.every)

    def next_rung(self, epochs: int) -> int | None:
        return next_in_steps(epochs, self._first, self._every)

    def decide(self, result: TrialResult, view: PrunerView) -> Decision:
        value = result.history[self.objective.metric][-1]
        below = self._lower is not None and value < self._lower
        above = self._upper is not None and value > self._upper
        return Decision.STOP if below or above else Decision.CONTINUE
