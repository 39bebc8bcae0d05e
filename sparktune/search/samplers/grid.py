"""Every point of the space, one after another."""

from typing import Self, final

from sparktune.search.samplers.base import Sampler, check_no_options
from sparktune.search.space import IndexedSpace
from sparktune.spec import SearchSpec
from sparktune.spec.base import Fault
from sparktune.trial import Params, TrialResult


@final
class GridSampler(Sampler):
    """The grid in the order of nested loops: the last name of the space varies fastest.

    The product is never built: a number is decoded into its point, at one cost for 10 points or 10^9. Fewer
    `trials` than points take the first ones, a corner of the grid; sampler `random` spreads over all of it.
    """

    def __init__(self, space: SearchSpec) -> None:
        self._index = IndexedSpace(space.space)
        count = self._index.points
        if count is None:
            raise ValueError("a grid needs domains with a finite number of values")
        self._size = count if space.trials is None else min(count, space.trials)

    @classmethod
    def check(cls, search: SearchSpec) -> None:
        """Refuse options, which a grid has none of, and domains that cannot be counted."""
        check_no_options(search)
        endless = [name for name, domain in search.space.items() if domain.points is None]
        if endless:
            raise Fault(
                "must be countable for sampler grid, but is a continuous or logarithmic range; "
                "add step: ..., list values, or use sampler: random",
                "space",
                endless[0],
            )

    @classmethod
    def from_spec(cls, search: SearchSpec, seed: int) -> Self:
        return cls(search)

    @property
    def size(self) -> int:
        """Number of trials."""
        return self._size

    def ask(self, number: int) -> Params | None:
        """The point at index `number`; None past the end."""
        return self._index.point(number) if number < self._size else None

    def tell(self, result: TrialResult) -> None:
        """A grid learns nothing."""
