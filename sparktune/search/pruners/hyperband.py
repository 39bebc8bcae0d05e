"""Hyperband: several brackets of asynchronous successive halving, each with another first rung."""

import math
from dataclasses import replace
from functools import cache
from itertools import accumulate
from typing import Self, final

from sparktune.search.pruners.base import Decision, PrunerView, check_options
from sparktune.search.pruners.halving import HalvingPruner
from sparktune.spec import SearchSpec
from sparktune.trial import TrialResult

GOLDEN = (math.sqrt(5) - 1) / 2


@final
class HyperbandPruner(HalvingPruner):
    """Asynchronous Hyperband (arXiv 1603.06560, 1810.05934): bracket b begins at min_epochs * reduction^b.

    A trial is compared with those of its bracket alone. The last bracket compares late or never: a hedge for
    searches where few epochs say little. With n brackets, bracket b gets the paper's share of the trials,
    ceil(n * reduction^s / (s + 1)) with s = n - 1 - b. Which one a trial is in follows from its number: that
    many steps of the golden ratio around a circle that the brackets divide, which mixes them evenly.

    Example:
        >>> pruner = HyperbandPruner(max_epochs=9)
        >>> pruner.brackets
        [[1, 3], [3], []]
        >>> [pruner.bracket_of(number) for number in range(12)]
        [0, 1, 0, 2, 0, 0, 1, 0, 2, 0, 0, 2]
    """

    def __init__(self, max_epochs: int, min_epochs: int = 1, reduction: int = 3) -> None:
        super().__init__(max_epochs, min_epochs, reduction)
        whole = self.rungs[-1] * reduction == max_epochs  # then a bracket begins there: without any rung
        count = len(self.rungs) + whole
        self.brackets = [self.rungs[bracket:] for bracket in range(count)]
        shares = (math.ceil(count * reduction**s / (s + 1)) for s in reversed(range(count)))
        self._ends = tuple(accumulate(shares))

    @classmethod
    def check(cls, search: SearchSpec) -> None:
        check_options(search, "min_epochs", "reduction")

    @classmethod
    def from_spec(cls, search: SearchSpec) -> Self:
        return cls(search.max_epochs or 1, search.min_epochs or 1, search.reduction or 3)

    def bracket_of(self, number: int) -> int:
        """The bracket of a trial, from 0."""
        return _bracket_of(number, self._ends)

    def decide(self, result: TrialResult, view: PrunerView) -> Decision:
        """Rungs below the first one of its bracket mean nothing to a trial."""
        waits = result.epochs in self.brackets[self.bracket_of(result.trial)]
        return Decision.PAUSE if waits else Decision.CONTINUE

    def promote(self, view: PrunerView) -> int | None:
        views = [self._part(view, bracket) for bracket in range(len(self.brackets))]
        for choose in (self.promotable, self.finalist):
            for part, rungs in zip(views, self.brackets, strict=True):
                if (number := choose(part, rungs)) is not None:
                    return number
        return None

    def _part(self, view: PrunerView, bracket: int) -> PrunerView:
        """What concerns the trials of a bracket."""
        return replace(
            view,
            results={n: result for n, result in view.results.items() if self.bracket_of(n) == bracket},
            paused=[n for n in view.paused if self.bracket_of(n) == bracket],
            running=[n for n in view.running if self.bracket_of(n) == bracket],
        )


@cache
def _bracket_of(number: int, ends: tuple[int, ...]) -> int:
    """Each launch asks for that of every trial."""
    place = number * GOLDEN % 1 * ends[-1]
    return next(bracket for bracket, end in enumerate(ends) if place < end)
