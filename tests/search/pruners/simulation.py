"""A study without training: trials give values of given curves, as fast as they are asked for."""

from dataclasses import dataclass, field

from sparktune.search import Decision, Pruner, PrunerView
from sparktune.summary import Objective
from sparktune.trial import TrialResult, TrialState

Curves = list[list[float]]


def result_of(number: int, curve: list[float], epochs: int, state: TrialState) -> TrialResult:
    """What a trial gives after so many epochs, none of which is bad."""
    done = state is TrialState.COMPLETE
    history = {"val_accuracy": curve[:epochs]}
    return TrialResult(number, {}, state, max(curve) if done else None, history=history)


@dataclass
class Simulation:
    """What a pruner makes of curves of `val_accuracy`, one trial after another.

    `events` has (trial, epochs, decision or state) in the order in which they came.
    """

    pruner: Pruner
    curves: Curves
    events: list[tuple[int, int, str]] = field(default_factory=list)
    results: dict[int, TrialResult] = field(default_factory=dict)
    paused: set[int] = field(default_factory=set)

    def run(self) -> "Simulation":
        """All trials to their ends."""
        self.pruner.set_objective(Objective("val_accuracy", "maximize"))
        new = iter(range(len(self.curves)))
        left = len(self.curves)
        while True:
            view = PrunerView(self.results, frozenset(self.paused), (), exhausted=left == 0)
            number = self.pruner.promote(view) if self.paused else None
            if number is not None:
                self.paused.remove(number)
                self._train(number, self.results[number].epochs)
            elif (number := next(new, None)) is not None:
                left -= 1
                self._train(number, 0)
            else:
                break
        for number in sorted(self.paused):
            self._end(number, self.results[number].epochs, TrialState.PRUNED)
        return self

    def of(self, word: str) -> list[tuple[int, int]]:
        """Trials and their epochs at each event of a kind."""
        return [(number, epochs) for number, epochs, event in self.events if event == word]

    @property
    def epochs(self) -> int:
        """What all trials together took."""
        return sum(result.epochs for result in self.results.values())

    def _train(self, number: int, epochs: int) -> None:
        curve = self.curves[number]
        while (rung := self.pruner.next_rung(epochs)) is not None and rung < len(curve):
            epochs = rung
            self.results[number] = result_of(number, curve, epochs, TrialState.PAUSED)
            decision = self.pruner.decide(
                self.results[number], PrunerView(self.results, frozenset(self.paused))
            )
            self.events.append((number, epochs, str(decision)))
            if decision is Decision.PAUSE:
                self.paused.add(number)
                return
            if decision is Decision.STOP:
                self._end(number, epochs, TrialState.PRUNED)
                return
        self._end(number, len(curve), TrialState.COMPLETE)

    def _end(self, number: int, epochs: int, state: TrialState) -> None:
        self.results[number] = result_of(number, self.curves[number], epochs, state)
        self.events.append((number, epochs, str(state)))


def rising(values: list[float], epochs: int) -> Curves:
    """Curves that reach these values at their last epochs, in a straight line."""
    return [[value * (epoch + 1) / epochs for epoch in range(epochs)] for value in values]
