"""Trials that no longer get better end."""

from typing import Annotated, final

from pydantic import Field

from sparktune.search.pruners.base import Decision, PrunerView
from sparktune.search.pruners.stopping import StoppingPruner
from sparktune.spec.base import Count, Section
from sparktune.trial import TrialResult, better


@final
class PatienceOptions(Section):
    """Trials end after `patience` epochs without an improvement of more than `min_delta`."""

    patience: Count = 5
    min_delta: Annotated[float, Field(ge=0)] = 0.0


@final
class PatiencePruner(StoppingPruner):
    """Ends a trial whose objective has not improved by more than `min_delta` in `patience` epochs.

    Early stopping (`training.early_stopping`) gives a COMPLETE trial instead, which may be the best.

    Example:
        >>> from sparktune.spec import StudySpec
        >>> search = {"pruner": "patience", "max_epochs": 20, "pruner_options": {"patience": 3}}
        >>> PatiencePruner.from_spec(StudySpec(search=search).search).next_rung(0)
        4
    """

    options = PatienceOptions

    def __init__(self, patience: int, min_delta: float = 0.0, min_epochs: int = 1) -> None:
        super().__init__(max(min_epochs, patience + 1))
        self._patience, self._min_delta = patience, min_delta

    def decide(self, result: TrialResult, view: PrunerView) -> Decision:
        before = self.best_value(result, result.epochs - self._patience)
        now = self.best_value(result, result.epochs)
        if before is None or now is None:
            return Decision.CONTINUE
        direction = self.objective.direction
        margin = self._min_delta if direction == "maximize" else -self._min_delta
        return Decision.CONTINUE if better(direction, now - margin, before) else Decision.STOP
