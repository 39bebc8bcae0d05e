"""Which trials go on at their rungs, which wait and which end: a pruner and the ledger, put together."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import final

from sparktune.errors import StudyFailed
from sparktune.ledger import Ledger
from sparktune.search.pruners.base import Decision, Pruner, PrunerView
from sparktune.trial import TrialNotes, TrialResult, TrialState


@final
class Pruning:
    """What the pruner of a study decides. Without one every trial goes on, and nothing is looked at.

    Args:
        pruner: None: the study has none.
        ledger: has the results of all trials, of earlier runs too.
    """

    def __init__(self, pruner: Pruner | None, ledger: Ledger) -> None:
        self._pruner = pruner
        self._ledger = ledger
        self._waiting: set[int] = set()
        self.earlier = [result for result in ledger.paused_results if self._at_rung(result)] if pruner else []
        """Trials that an earlier run has left at a rung; what becomes of them is to be decided again."""
        # It may have ended before it decided on the newest result; the other trials were not to end.
        newest = next(reversed(ledger.sequence), None)
        self._decided = {(r.trial, r.epochs) for r in self.earlier if r.report != newest}

    @property
    def waiting(self) -> Collection[int]:
        """Numbers of the trials that wait at a rung."""
        return self._waiting

    def waiting_after(self, result: TrialResult) -> int:
        """How many trials wait at a rung, the one of this newest result too where it has reached its own."""
        new = result.state is TrialState.PAUSED and self._at_rung(result)
        return len(self._waiting | {result.trial} if new else self._waiting)

    def next_rung(self, epochs: int) -> int | None:
        """Where a segment ends that begins after so many epochs; None: there is no rung."""
        return None if self._pruner is None else self._pruner.next_rung(epochs)

    def decide(
        self, result: TrialResult, rung: int | None, running: Callable[[], Collection[int]]
    ) -> Decision:
        """What becomes of a trial after a segment that was to end at `rung`."""
        if self._pruner is None or rung is None or result.epochs < rung:
            return Decision.CONTINUE
        decision = self._pruner.decide(result, self._view(running(), exhausted=False))
        promotes = type(self._pruner).promote is not Pruner.promote
        if decision is Decision.STOP and promotes and (result.trial, result.epochs) in self._decided:
            decision = Decision.PAUSE  # as in a study without a break, whatever has ended since
        if decision is Decision.PAUSE:
            self._waiting.add(result.trial)
        return decision

    def promoted(self, running: Callable[[], Collection[int]], exhausted: bool) -> TrialResult | None:
        """The waiting trial that goes on now, which then waits no more; None where there is none.

        Raises:
            StudyFailed: the pruner names a trial that does not wait.
        """
        if self._pruner is None or not self._waiting:
            return None
        number = self._pruner.promote(self._view(running(), exhausted))
        if number is None:
            return None
        if number not in self._waiting:
            raise StudyFailed(
                f"{type(self._pruner).__name__}.promote must give the number of a paused trial or None, but "
                f"gave {number!r}"
            )
        self._waiting.remove(number)
        return self._ledger.paused(number)

    def left(self) -> list[TrialResult]:
        """Have no trial wait any more; gives the last result of each that has waited."""
        results = [self._ledger.paused(number) for number in sorted(self._waiting)]
        self._waiting.clear()
        return [result for result in results if result is not None]

    def end(self, result: TrialResult) -> TrialResult:
        """The end of a paused trial: PRUNED, without a value, as only COMPLETE trials can be best."""
        words = f"pruned after epoch {result.epochs} by {type(self._pruner).__name__}"
        notes = TrialNotes(stopped=words)
        end = replace(result, state=TrialState.PRUNED, notes=notes, checkpoint=None)
        return replace(end, timings={}, stood_still=0.0)  # the ledger adds those of its segments

    def _at_rung(self, result: TrialResult) -> bool:
        return result.epochs > 0 and self.next_rung(result.epochs - 1) == result.epochs

    def _view(self, running: Collection[int], exhausted: bool) -> PrunerView:
        ledger = self._ledger
        results = {**ledger.unfinished, **ledger.results}
        return PrunerView(results, frozenset(self._waiting), frozenset(running), exhausted)
