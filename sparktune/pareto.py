"""The Pareto front: the trials that no other one beats in all objectives."""

import math
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import final

from sparktune.summary import Objective
from sparktune.trial import Number, TrialResult, TrialState, Values, better


def dominates(one: Values, other: Values, directions: Sequence[str]) -> bool:
    """Whether `one` is nowhere worse than `other`, and somewhere better.

    Example:
        >>> dominates((0.9, 100), (0.8, 100), ["maximize", "minimize"])
        True
        >>> dominates((0.9, 200), (0.8, 100), ["maximize", "minimize"])
        False
    """
    pairs = list(zip(directions, one, other, strict=True))
    worse = any(better(direction, theirs, own) for direction, own, theirs in pairs)
    return not worse and any(better(direction, own, theirs) for direction, own, theirs in pairs)


def rank(trial: int, value: Number, values: Mapping[str, Number], objective: Objective) -> tuple[Number, ...]:
    """What sorts trials, the best one first: by the metric that decides, then by the others in their order.

    Of equal trials the one with the lowest number comes first.

    Args:
        trial: its number.
        value: that of the metric which decides.
        values: those of several objectives by name.
        objective: of the study.
    """
    measured = [(objective.direction, value)]
    measured += [(metric.direction, values.get(metric.metric, math.inf)) for metric in objective.metrics]
    return (*(-number if direction == "maximize" else number for direction, number in measured), trial)


@final
class ParetoFront:
    """The trials that none of those added dominates; of equal ones the one with the lowest number.

    The order in which they are added makes no difference. With one objective it is the best trial alone. Only
    COMPLETE trials count, whose values are all finite.

    Args:
        objective: of the study; of one objective the direction alone counts. `TrialResult.values` has the
            values of several.
    """

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._directions = [metric.direction for metric in objective.all]
        self._members: dict[int, TrialResult] = {}
        self._values: dict[int, Values] = {}

    @property
    def members(self) -> Mapping[int, TrialResult]:
        """The trials of the front by number, in the order in which they came."""
        return MappingProxyType(self._members)

    @property
    def values(self) -> tuple[Values, ...]:
        """Their values, each in the order of the objectives."""
        return tuple(self._values.values())

    @property
    def ranked(self) -> list[TrialResult]:
        """The trials, the best one first: by the metric that decides, then by the others in their order."""
        members = self._members.values()
        return sorted(members, key=lambda r: rank(r.trial, r.value or 0.0, r.values, self._objective))

    @property
    def best(self) -> TrialResult | None:
        """The first of `ranked`; None where there is no trial."""
        return next(iter(self.ranked), None)

    def values_of(self, result: TrialResult) -> Values | None:
        """The values of a result in the order of the objectives; None where it does not count."""
        if result.state is not TrialState.COMPLETE or result.value is None:
            return None
        metrics = self._objective.metrics
        if not metrics:
            values: Values = (result.value,)
        elif all(metric.metric in result.values for metric in metrics):
            values = tuple(result.values[metric.metric] for metric in metrics)
        else:  # of a trainer that does not know the objectives
            return None
        return values if all(map(math.isfinite, values)) else None

    def admits(self, result: TrialResult) -> bool:
        """Whether a result would be a trial of the front."""
        values = self.values_of(result)
        return values is not None and not any(
            dominates(other, values, self._directions) or (other == values and number < result.trial)
            for number, other in self._values.items()
        )

    def add(self, result: TrialResult) -> None:
        """Add a result, and remove those that it beats; one that is beaten itself changes nothing."""
        values = self.values_of(result)
        if values is None or not self.admits(result):
            return
        for number, other in list(self._values.items()):
            if other == values or dominates(values, other, self._directions):
                del self._members[number], self._values[number]
        self._members[result.trial], self._values[result.trial] = result, values


def pareto_front(results: Iterable[TrialResult], objective: Objective) -> ParetoFront:
    """The front of these results."""
    front = ParetoFront(objective)
    for result in results:
        front.add(result)
    return front
