"""Every trial for few epochs, then the best ones to the end."""

from typing import Self, final

from sparktune.search.pruners.base import Decision, Pruner, PrunerView, check_has_end, check_options
from sparktune.spec import SearchSpec
from sparktune.spec.base import Fault
from sparktune.trial import TrialResult, TrialState


@final
class TopPruner(Pruner):
    """Trains all trials for `min_epochs` epochs, and then the `keep` best of them to their last epoch.

    Where one of those fails or diverges, the next best takes its place. The simplest pruner, and hard to
    beat for small networks (arXiv 2307.15422).

    Example:
        >>> from sparktune.spec import StudySpec
        >>> search = {"pruner": "top", "keep": 3, "max_epochs": 16, "space": {"neurons": [8, 16, 32, 64]}}
        >>> TopPruner.from_spec(StudySpec(search=search).search).next_rung(0)
        1
    """

    def __init__(self, keep: int, min_epochs: int = 1) -> None:
        self._keep = keep
        self._rung = min_epochs

    @classmethod
    def check(cls, search: SearchSpec) -> None:
        check_options(search, "min_epochs", "keep")
        check_has_end(search)
        if search.keep is None:
            raise Fault("is required for pruner top: how many trials train to the end; add it", "keep")

    @classmethod
    def from_spec(cls, search: SearchSpec) -> Self:
        return cls(search.keep or 1, search.min_epochs or 1)

    def next_rung(self, epochs: int) -> int | None:
        return self._rung if epochs < self._rung else None

    def decide(self, result: TrialResult, view: PrunerView) -> Decision:
        return Decision.PAUSE

    def promote(self, view: PrunerView) -> int | None:
        """None before every trial has been at the rung."""
        if not view.exhausted or any(self._is_below(view, number) for number in view.running):
            return None
        candidates = {
            number: result
            for number, result in view.results.items()
            if not result.state.unsuccessful and result.state is not TrialState.PRUNED
        }
        best = self.ranked(candidates, self._rung)[: self._keep]
        return next((number for number in best if number in view.paused), None)

    def _is_below(self, view: PrunerView, number: int) -> bool:
        result = view.results.get(number)
        return result is None or result.epochs < self._rung
