"""Asynchronous successive halving: one in `reduction` trials goes on at each rung."""

from typing import Literal, Self, final

from sparktune.search.pruners.base import (
    Decision,
    Pruner,
    PrunerView,
    check_options,
    pruner_options,
)
from sparktune.spec import SearchSpec
from sparktune.spec.base import Section
from sparktune.trial import TrialResult, TrialState


@final
class AshaOptions(Section):
    """`type`: promotion: trials wait at a rung until they are good enough; stopping: bad ones end there."""

    type: Literal["promotion", "stopping"] = "promotion"


@final
class AshaPruner(Pruner):
    """Asynchronous successive halving (arXiv 1810.05934) with rungs at min_epochs * reduction^k.

    Of the trials that have reached a rung, the best 1 / `reduction` go on to the next. No slot waits: with
    `promotion` a paused trial goes on from its checkpoint as soon as it is among the best, and a new trial
    begins where there is none. With `stopping` a trial that is not among the best when it comes to a rung
    ends there. At the end of the search the best trial of the highest rung goes on in any case.

    Example:
        >>> from sparktune.spec import StudySpec
        >>> search = {"pruner": "asha", "max_epochs": 27, "space": {"neurons": {"low": 8, "high": 256}}}
        >>> pruner = AshaPruner.from_spec(StudySpec(search=search).search)
        >>> [pruner.next_rung(epochs) for epochs in (0, 1, 3, 9)]
        [1, 3, 9, None]
    """

    def __init__(
        self, max_epochs: int, min_epochs: int = 1, reduction: int = 3, *, stopping: bool = False
    ) -> None:
        self._reduction = reduction
        self._stopping = stopping
        self._rungs = [min_epochs]
        while self._rungs[-1] * reduction < max_epochs:
            self._rungs.append(self._rungs[-1] * reduction)

    @classmethod
    def check(cls, search: SearchSpec) -> None:
        check_options(search, "min_epochs", "reduction", "pruner_options")
        pruner_options(AshaOptions, search)

    @classmethod
    def from_spec(cls, search: SearchSpec) -> Self:
        stopping = pruner_options(AshaOptions, search).type == "stopping"
        return cls(search.max_epochs or 1, search.min_epochs or 1, search.reduction or 3, stopping=stopping)

    def next_rung(self, epochs: int) -> int | None:
        return next((rung for rung in self._rungs if rung > epochs), None)

    def decide(self, result: TrialResult, view: PrunerView) -> Decision:
        """With `stopping`, the first trials at a rung go on, as there is nothing to compare them with."""
        if not self._stopping:
            return Decision.PAUSE
        reached = self._reached(view, result.epochs)
        best = reached[: len(reached) // self._reduction]
        return Decision.CONTINUE if not best or result.trial in best else Decision.STOP

    def promote(self, view: PrunerView) -> int | None:
        """From the highest rung where a paused trial is among the best."""
        last = view.exhausted and not view.running
        for rung in reversed(self._rungs):
            reached = self._reached(view, rung)
            best = reached[: max(len(reached) // self._reduction, int(last))]
            waiting = [n for n in best if n in view.paused and self._rung_of(view.results[n]) == rung]
            if waiting:
                return waiting[0]
        return None

    def _reached(self, view: PrunerView, rung: int) -> list[int]:
        """Trials that have reached a rung and did not fail there, the best one first."""
        there = {
            number: result
            for number, result in view.results.items()
            if result.epochs >= rung and result.state is not TrialState.FAILED
        }
        return self.ranked(there, rung)

    def _rung_of(self, result: TrialResult) -> int | None:
        """The highest rung that a trial has reached."""
        return next((rung for rung in reversed(self._rungs) if rung <= result.epochs), None)
