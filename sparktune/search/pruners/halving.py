"""What the pruners that halve share: rungs, and which paused trials go on from them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from sparktune.search.pruners.base import Decision, Pruner, PrunerView
from sparktune.trial import TrialResult, TrialState

Values = dict[int, float | None]  # by rung


class HalvingPruner(Pruner, ABC):
    """Trials wait at rungs of min_epochs * reduction^k epochs, from where the best 1 / `reduction` go on.

    At the end of the search, when nothing runs and nothing begins, the best trial of the highest rung goes on
    in any case, so that one is COMPLETE; where it fails, the next best does.

    Attributes:
        rungs: in epochs, rising; all below `max_epochs`.
    """

    def __init__(self, max_epochs: int, min_epochs: int = 1, reduction: int = 3) -> None:
        self._reduction = reduction
        self.rungs = [min_epochs]
        while self.rungs[-1] * reduction < max_epochs:
            self.rungs.append(self.rungs[-1] * reduction)
        self._measured: dict[int, tuple[TrialResult, Values]] = {}  # by trial

    def next_rung(self, epochs: int) -> int | None:
        return next((rung for rung in self.rungs if rung > epochs), None)

    def decide(self, result: TrialResult, view: PrunerView) -> Decision:
        return Decision.PAUSE

    @abstractmethod
    def promote(self, view: PrunerView) -> int | None:
        """The paused trial that goes on now: one that is `promotable`, or in the end the `finalist`."""

    def reached(self, view: PrunerView, rung: int) -> list[int]:
        """Trials that have reached a rung and did not fail or diverge since, the best one first."""
        return self.in_order({n: self._values(result).get(rung) for n, result in view.results.items()})

    def _values(self, result: TrialResult) -> Values:
        """The best values at the rungs that a trial has reached; found once, as each launch asks for all."""
        known, values = self._measured.get(result.trial, (None, {}))
        if known is not result:
            epochs = 0 if result.state.unsuccessful else result.epochs
            values = {rung: self.best_value(result, rung) for rung in self.rungs if rung <= epochs}
            self._measured[result.trial] = result, values
        return values

    def among_best(self, view: PrunerView, rung: int) -> list[int]:
        """The best 1 / `reduction` of the trials that have reached a rung, the best one first."""
        reached = self.reached(view, rung)
        return reached[: len(reached) // self._reduction]

    def promotable(self, view: PrunerView, rungs: Sequence[int]) -> int | None:
        """A trial that waits at one of these rungs and is among its best; from the highest such rung."""
        for rung in reversed(rungs):
            for number in self.among_best(view, rung):
                if number in view.paused and self.next_rung(view.results[number].epochs - 1) == rung:
                    return number
        return None

    def finalist(self, view: PrunerView, rungs: Sequence[int]) -> int | None:
        """At the end of the search: the best trial of the highest rung that was reached, if it waits.

        Trials that have ended without a value are left out.
        """
        if not view.exhausted or view.running:
            return None
        for rung in reversed(rungs):
            for number in self.reached(view, rung):
                if number in view.paused:
                    return number
                if view.results[number].state is TrialState.COMPLETE:
                    return None
        return None
