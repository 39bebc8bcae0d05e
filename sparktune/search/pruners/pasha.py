"""Asynchronous successive halving whose highest rung rises only while the ranking is unstable."""

from collections.abc import Sequence
from typing import Annotated, Self, final

import numpy as np
from pydantic import Field

from sparktune.search.pruners.base import PrunerView, check_has_end, check_options, pruner_options
from sparktune.search.pruners.halving import HalvingPruner
from sparktune.spec import SearchSpec
from sparktune.spec.base import Section

NOISE_PERCENTILE = 90
MOST_RANKED = 100  # pairs are compared: more trials would take long, and the best ones matter


@final
class PashaOptions(Section):
    """`epsilon`: trials whose objective differs by no more than this count as equal; None: estimated."""

    epsilon: Annotated[float, Field(ge=0)] | None = None


@final
class PashaPruner(HalvingPruner):
    """Progressive ASHA (arXiv 2207.06940): no trial passes a rung that ranks them as the rung below does.

    The first two rungs are in use from the start. The next one is, too, once the trials at the highest one
    in use do not rank there as they did one rung below. Trials within `epsilon` of each other rank alike.
    Where it is not given, it is the 90th percentile of the distances of those pairs of trials whose order
    changes twice or more from epoch to epoch up to that rung: a measure of the noise; 0 without such a pair.

    Trials wait at the highest rung in use. When all trials of the search have begun and nothing is left to
    promote, the best one there trains to `max_epochs` and is COMPLETE; the others are PRUNED. Where the
    ranking never is stable, this is ASHA.

    Example:
        >>> from sparktune.spec import StudySpec
        >>> search = {"pruner": "pasha", "max_epochs": 27, "space": {"neurons": [8, 16, 32, 64]}}
        >>> PashaPruner.from_spec(StudySpec(search=search).search).rungs
        [1, 3, 9]
    """

    def __init__(
        self, max_epochs: int, min_epochs: int = 1, reduction: int = 3, *, epsilon: float | None = None
    ) -> None:
        super().__init__(max_epochs, min_epochs, reduction)
        self._epsilon = epsilon

    @classmethod
    def check(cls, search: SearchSpec) -> None:
        check_options(search, "min_epochs", "reduction", "pruner_options")
        check_has_end(search)
        pruner_options(PashaOptions, search)

    @classmethod
    def from_spec(cls, search: SearchSpec) -> Self:
        epsilon = pruner_options(PashaOptions, search).epsilon
        return cls(search.max_epochs or 1, search.min_epochs or 1, search.reduction or 3, epsilon=epsilon)

    def promote(self, view: PrunerView) -> int | None:
        highest = self._highest(view)
        number = self.promotable(view, self.rungs[:highest])
        return self.finalist(view, self.rungs[: highest + 1]) if number is None else number

    def _highest(self, view: PrunerView) -> int:
        """The place of the highest rung in use among the rungs, from 1; one more where all are unstable."""
        places = range(1, len(self.rungs))
        return next((place for place in places if self._is_stable(view, place)), len(self.rungs))

    def _is_stable(self, view: PrunerView, place: int) -> bool:
        """Whether trials rank as one rung below: each was as good there as the one now in its place."""
        metric, below, rung = self.objective.metric, self.rungs[place - 1], self.rungs[place]
        best = {number: view.results[number] for number in self.reached(view, rung)[:MOST_RANKED]}
        best = {n: result for n, result in best.items() if np.isfinite(result.history[metric][:rung]).all()}
        values = {number: self.best_value(result, below) or 0.0 for number, result in best.items()}
        places = zip(best, self.ranked(best, below), strict=True)
        largest = max((abs(values[one] - values[other]) for one, other in places), default=0.0)
        if largest and self._epsilon is None:
            return largest <= noise([result.history[metric][:rung] for result in best.values()])
        return largest <= (self._epsilon or 0.0)


def noise(curves: Sequence[Sequence[float]]) -> float:
    """How far apart at their ends curves of one length are whose order changes twice or more on the way."""
    values = np.array(curves)
    order = np.sign(values[:, None, :] - values[None, :, :])
    changes = np.count_nonzero(order[:, :, 1:] * order[:, :, :-1] < 0, axis=2)
    gaps = np.abs(values[:, None, -1] - values[None, :, -1])
    noisy = gaps[np.triu(changes >= 2, 1)]
    return float(np.percentile(noisy, NOISE_PERCENTILE)) if noisy.size else 0.0
