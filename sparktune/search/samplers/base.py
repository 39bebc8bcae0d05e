"""What every sampler promises."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final, Literal, Self, final

from sparktune.search.allowed_points import Allows
from sparktune.spec import SearchSpec
from sparktune.spec.base import Fault
from sparktune.spec.search import BudgetSpec
from sparktune.summary import Objective
from sparktune.trial import Params, TrialReport, TrialResult


@final
class Wait:
    """The type of `WAIT`."""

    def __repr__(self) -> str:
        return "WAIT"

    def __bool__(self) -> Literal[False]:
        return False


WAIT: Final = Wait()


class Sampler(ABC):
    """Proposes configurations: asked for the next one when a slot needs work, told how each trial ended.

    Numbers are asked in rising order from 0, each until there is an answer other than WAIT. A study that is
    resumed replays what happened, in the order in which it did: `replay` for each trial that was launched,
    `report` for each segment that left epochs, `tell` for each result. It asks only for numbers that were
    never launched: a launched trial keeps its parameters.

    Example: halve the learning rate until the objective, which is minimised, gets worse.
        >>> import sparktune
        >>> class Halving(sparktune.Sampler):
        ...     size = None
        ...     lookahead = 0
        ...     def __init__(self):
        ...         self.values = []
        ...     def ask(self, number):
        ...         if len(self.values) < number:
        ...             return sparktune.WAIT
        ...         worse = number > 1 and self.values[-1] > self.values[-2]
        ...         return None if worse else {"learning_rate": 0.1 / 2**number}
        ...     def tell(self, result):
        ...         self.values.append(float("inf") if result.value is None else result.value)
    """

    @classmethod
    def check(cls, search: SearchSpec) -> None:
        """Refuse a search that this sampler cannot run; called when the spec is read.

        Raises:
            ValueError: says which rule is broken.
        """
        return None

    @classmethod
    def check_several(cls, search: SearchSpec) -> None:
        """Refuse several objectives where this sampler learns from one alone; called when the spec is read.

        Raises:
            ValueError: says which rule is broken.
        """
        return None

    @classmethod
    def from_spec(cls, search: SearchSpec, seed: int) -> Self:
        """The sampler of a search, where the spec names it; `seed` is the study's."""
        return cls()

    @property
    @abstractmethod
    def size(self) -> int | None:
        """Most trials that `ask` will propose; None where that is open."""

    @property
    def lookahead(self) -> int | None:
        """Points that may be asked before results are told; None: any. 0: only when a slot is free."""
        return None

    def restrict(self, allows: Allows) -> None:
        """Learn which configurations may be trained, where the search bounds the size of models.

        Called once, before anything else. `allows` gives one answer for the same parameters, always, and
        takes some 10 ms for a new model. A trial that it does not allow ends as FAILED before it trains.
        """
        return None

    def set_objective(self, objective: Objective) -> None:
        """Learn which metric decides, and in which direction: called once, before anything else.

        Of several objectives it is the one that decides which trial is best; `objective.metrics` has all.
        """
        return None

    def learn(self, results: Sequence[TrialResult]) -> None:
        """Learn how trials of an earlier study ended; their parameters are points of this space.

        Called at most once, after `set_objective` and before anything else.
        """
        return None

    def replay(self, number: int, params: Params) -> None:
        """Learn that an earlier run launched trial `number` with these parameters, which `ask` gave then."""
        return None

    @abstractmethod
    def ask(self, number: int) -> Params | Wait | None:
        """The configuration of trial `number`.

        None: the search is over. WAIT: there is nothing now, ask again after the next result.
        """

    def report(self, report: TrialReport) -> None:
        """Learn how a trial stands that has not ended: it waits at a rung, or its next segment begins."""
        return None

    @abstractmethod
    def tell(self, result: TrialResult) -> None:
        """Learn how a trial ended. Only results that are final are told, each once.

        A trial that ended without a value and is trained again, as the user wants it, is told once more.
        """


def check_ends(search: SearchSpec) -> None:
    """Refuse a search without a number of trials or a budget, which nothing would end.

    Raises:
        Fault: it has neither.
    """
    if search.trials is None and search.budget == BudgetSpec():
        raise Fault(f"is required for sampler {search.sampler}, but got nothing; add trials: 20", "trials")


def check_learns_nothing(search: SearchSpec) -> None:
    """Refuse what a sampler that learns nothing has no use for: options, and the trials of another study.

    Raises:
        Fault: there is some of it.
    """
    if search.warm_start is not None and not search.warm_start.weights:
        raise Fault(
            f"has no effect for sampler {search.sampler}, which learns nothing; use sampler: tpe, or set "
            "weights: true",
            "warm_start",
        )
    if search.options:
        raise Fault(
            f"must be empty for sampler {search.sampler}, which has none; remove it",
            "options",
            value=search.options,
        )
