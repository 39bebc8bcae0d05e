"""Asynchronous successive halving: one in `reduction` trials goes on at each rung."""

from typing import Literal, Self, final

from sparktune.search.pruners.base import Decision, PrunerView, check_options, pruner_options
from sparktune.search.pruners.halving import HalvingPruner
from sparktune.spec import SearchSpec
from sparktune.spec.base import Section
from sparktune.trial import TrialResult, TrialState


@final
class AshaOptions(Section):
    """`type`: promotion: trials wait at a rung until they are good enough; stopping: bad ones end there."""

    type: Literal["promotion", "stopping"] = "promotion"


@final
class AshaPruner(HalvingPruner):
    """Asynchronous successive halving (arXiv 1810.05934) with rungs at min_epochs * reduction^k.

    Of the trials that have reached a rung, the best 1 / `reduction` go on to the next. No slot waits: with
    `promotion` a paused trial goes on from its checkpoint as soon as it is among the best, and a new trial
    begins where there is none. With `stopping` a trial that is not among the best when it comes to a rung
    ends there; until one is COMPLETE it waits as with `promotion`, since all that go on may fail. At the end
    of the search the best trial of the highest rung goes on in any case.

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
        super().__init__(max_epochs, min_epochs, reduction)
        self._stopping = stopping

    @classmethod
    def check(cls, search: SearchSpec) -> None:
        check_options(search, "min_epochs", "reduction", "pruner_options")
        pruner_options(AshaOptions, search)

    @classmethod
    def from_spec(cls, search: SearchSpec) -> Self:
        stopping = pruner_options(AshaOptions, search).type == "stopping"
        return cls(search.max_epochs or 1, search.min_epochs or 1, search.reduction or 3, stopping=stopping)

    def decide(self, result: TrialResult, view: PrunerView) -> Decision:
        """With `stopping`, the first trials at a rung go on, as there is nothing to compare them with."""
        if not self._stopping:
            return Decision.PAUSE
        best = self.among_best(view, result.epochs)
        if not best or result.trial in best:
            return Decision.CONTINUE
        complete = any(other.state is TrialState.COMPLETE for other in view.results.values())
        return Decision.STOP if complete else Decision.PAUSE

    def promote(self, view: PrunerView) -> int | None:
        number = self.promotable(view, self.rungs)
        return self.finalist(view, self.rungs) if number is None else number
