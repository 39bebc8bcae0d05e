"""What a study may spend: it ends once one of its budgets is used up."""

from collections.abc import Iterable
from typing import final

from sparktune.spec.search import BudgetSpec
from sparktune.summary import Objective, Reason
from sparktune.trial import TrialResult, TrialState, better


@final
class Budget:
    """Counts what the trials of a study, of earlier runs too, have spent of `search.budget`.

    Args:
        spec: the budgets; those that are None have no end.
        objective: decides which trial is better.
        results: of earlier runs, in the order in which they came.
    """

    def __init__(self, spec: BudgetSpec, objective: Objective, results: Iterable[TrialResult] = ()) -> None:
        self._spec = spec
        self._direction = objective.direction
        self._epochs: dict[int, int] = {}
        self._best: float | None = None
        self._since_best = 0
        for result in results:
            self.observe(result)

    def observe(self, result: TrialResult) -> None:
        """Count a result; of a paused or pruned trial its epochs alone."""
        self._epochs[result.trial] = max(result.epochs, self._epochs.get(result.trial, 0))
        if not result.state.terminal or result.state is TrialState.PRUNED:
            return
        value = result.value if result.state is TrialState.COMPLETE else None
        if value is not None and better(self._direction, value, self._best):
            self._best, self._since_best = value, 0
        else:
            self._since_best += 1

    @property
    def spent(self) -> Reason | None:
        """The budget that is used up; None while there is none."""
        spec = self._spec
        reached = self._best is not None and spec.target is not None
        if reached and not better(self._direction, spec.target or 0.0, self._best):
            return "target"
        if spec.epochs is not None and sum(self._epochs.values()) >= spec.epochs:
            return "epochs"
        if spec.patience is not None and self._since_best >= spec.patience:
            return "patience"
        return None
