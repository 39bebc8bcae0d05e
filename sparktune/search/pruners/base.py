"""What every pruner promises."""

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypeVar, final

from pydantic import ValidationError

from sparktune.spec import SearchSpec
from sparktune.spec.base import Fault, Section
from sparktune.summary import Objective
from sparktune.trial import TrialResult

OPTIONS = ("min_epochs", "reduction", "keep", "pruner_options")  # of the section search: pruners use some

Options = TypeVar("Options", bound=Section)


class Decision(StrEnum):
    """What becomes of a trial at a rung: it goes on, waits for `Pruner.promote`, or ends as PRUNED."""

    CONTINUE = "CONTINUE"
    PAUSE = "PAUSE"
    STOP = "STOP"


@final
@dataclass(frozen=True)
class PrunerView:
    """A study as a pruner sees it.

    `results` has the newest result of every trial that has returned, with its whole history, by number:
    terminal ones and those of paused trials. `paused` trials wait for the pruner, `running` ones train or
    are about to. `exhausted`: no other trial will begin before these go on.
    """

    results: Mapping[int, TrialResult]
    paused: Collection[int] = ()
    running: Collection[int] = ()
    exhausted: bool = False


class Pruner(ABC):
    """Says after a segment whether its trial goes on, waits or ends. Rungs are budgets in epochs.

    A pruner keeps nothing between two calls: all that it decides follows from the view, whose histories are
    whole. So a study that is resumed decides as one that was never interrupted.

    Example: end a trial whose loss is above 1 after two epochs.
        >>> import sparktune
        >>> class Hopeless(sparktune.Pruner):
        ...     def next_rung(self, epochs):
        ...         return 2 if epochs < 2 else None
        ...     def decide(self, result, view):
        ...         stop = result.history["loss"][-1] > 1
        ...         return sparktune.Decision.STOP if stop else sparktune.Decision.CONTINUE
    """

    @classmethod
    def check(cls, search: SearchSpec) -> None:
        """Refuse a search that this pruner cannot run; called when the spec is read.

        Raises:
            ValueError: says which rule is broken.
        """
        return None

    @classmethod
    def from_spec(cls, search: SearchSpec) -> Self:
        """The pruner of a search, where the spec names it."""
        return cls()

    def set_objective(self, objective: Objective) -> None:
        """Learn which metric decides, and in which direction: called once, before anything else."""
        self.objective = objective

    @abstractmethod
    def next_rung(self, epochs: int) -> int | None:
        """The first rung after so many epochs; None: the trial trains to its last epoch."""

    @abstractmethod
    def decide(self, result: TrialResult, view: PrunerView) -> Decision:
        """What becomes of a trial that has reached a rung; `result` has the history of all its epochs."""

    def promote(self, view: PrunerView) -> int | None:
        """The paused trial that goes on now, by number; None: there is none yet.

        Called again and again while there is room, before the sampler is asked. Trials that are paused when
        nothing runs and nothing is promoted end as PRUNED.
        """
        return None

    def best_value(self, result: TrialResult, epochs: int) -> float | None:
        """The best value of the objective in the first `epochs` epochs; None where there is no number."""
        values = [v for v in result.history.get(self.objective.metric, [])[:epochs] if not math.isnan(v)]
        best = max if self.objective.direction == "maximize" else min
        return best(values, default=None)

    def ranked(self, results: Mapping[int, TrialResult], epochs: int) -> list[int]:
        """Numbers of trials, the best after `epochs` epochs first; of equal ones the lowest number is."""
        return self.in_order({number: self.best_value(result, epochs) for number, result in results.items()})

    def in_order(self, values: Mapping[int, float | None]) -> list[int]:
        """Numbers of trials by their values, the best first; of equal ones the lowest number is."""
        sign = -1 if self.objective.direction == "maximize" else 1
        known = [(sign * value, number) for number, value in values.items() if value is not None]
        return [number for _, number in sorted(known)]


def check_options(search: SearchSpec, *used: str) -> None:
    """Refuse fields of the search that this pruner does not use.

    Raises:
        Fault: one of them is given.
    """
    for name in OPTIONS:
        if name not in used and getattr(search, name):
            raise Fault(f"has no effect beside pruner {search.pruner}; remove it", name)


def check_has_end(search: SearchSpec) -> None:
    """Refuse a search without a last trial, where a pruner completes trials once all have begun.

    Raises:
        Fault: `trials` is not set, and the space has no last point.
    """
    if search.trials is None and any(domain.points is None for domain in search.space.values()):
        raise Fault(
            f"is required for pruner {search.pruner} where the space has ranges without steps, as its best "
            "trials go on when all have begun; add it",
            "trials",
        )


def pruner_options(kind: type[Options], search: SearchSpec) -> Options:
    """`search.pruner_options` as the section that a pruner has for them.

    Raises:
        Fault: an option is unknown, or breaks its rule.
    """
    try:
        return kind.model_validate(search.pruner_options)
    except ValidationError as error:
        first = error.errors()[0]
        rule = first["ctx"]["error"] if "error" in first.get("ctx", {}) else first["msg"]
        known = ", ".join(kind.model_fields)
        raise Fault(
            f"must be options of pruner {search.pruner} ({known}): {rule}",
            "pruner_options",
            *first["loc"],
            value=first["input"],
        ) from None
