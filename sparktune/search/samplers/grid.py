"""Every point of the space, one after another."""

import logging
import math
import time
from collections.abc import Iterator
from itertools import islice
from typing import Self, final

from sparktune.search.allowed_points import Allows, smallest
from sparktune.search.samplers.base import Sampler, check_learns_nothing
from sparktune.search.samplers.distinct import key_of
from sparktune.search.space import IndexedSpace, count_allowed, count_built
from sparktune.spec import SearchSpec
from sparktune.spec.base import Fault
from sparktune.trial import Params, TrialResult

QUIET = 10.0  # seconds that one point is looked for before that is said
log = logging.getLogger("sparktune")


@final
class GridSampler(Sampler):
    """The grid in the order of nested loops: the last name of the space varies fastest.

    The product is never built: a number is decoded into its point, at one cost for 10 points or 10^9. Fewer
    `trials` than points take the first ones, a corner of the grid; sampler `random` spreads over all of it.
    Starting points come first, and not again.
    """

    def __init__(self, space: SearchSpec) -> None:
        self._index = IndexedSpace(space.space)
        count = self._index.points
        if count is None:
            raise ValueError("a grid needs domains with a finite number of values")
        self._search = space
        self._allows: Allows = space.allows
        self._is_plain = not space.constraints and not space.start
        self._size = smallest(count_allowed(space, self._index), space.trials) or 0
        self._listed = self._in_order()
        self._asked: list[Params] = []

    @classmethod
    def check(cls, search: SearchSpec) -> None:
        """Refuse options, which a grid has none of, and domains that cannot be counted."""
        check_learns_nothing(search)
        endless = [name for name, domain in search.space.items() if domain.points is None]
        if endless:
            raise Fault(
                "must be countable for sampler grid, but is a continuous or logarithmic range; "
                "add step: ..., list values, or use sampler: random",
                "space",
                endless[0],
            )
        count_allowed(search, IndexedSpace(search.space))

    @classmethod
    def from_spec(cls, search: SearchSpec, seed: int) -> Self:
        return cls(search)

    @property
    def size(self) -> int:
        """Number of trials; constraints and `max_parameters` may leave fewer of a large grid."""
        return self._size

    def restrict(self, allows: Allows) -> None:
        self._allows, self._is_plain = allows, False
        self._size = smallest(count_built(self._search, self._index, allows), self._search.trials) or 0

    def ask(self, number: int) -> Params | None:
        """The point at index `number`; None past the end."""
        if number >= self._size:
            return None
        if self._is_plain:
            return self._index.point(number)
        self._asked += islice(self._listed, max(0, number + 1 - len(self._asked)))
        return dict(self._asked[number]) if number < len(self._asked) else None

    def _in_order(self) -> Iterator[Params]:
        """The starting points, then all others that meet the constraints.

        Of points that break a constraint all those are passed at once that share the values of its names.
        """
        yield from self._search.start
        started = {key_of(params) for params in self._search.start}
        index, since = 0, time.monotonic()
        while index < (self._index.points or 0):
            params = self._index.point(index)
            broken = self._search.broken(params)
            index = self._index.after(index, broken.names) if broken else index + 1
            if not broken and self._allows(params) and key_of(params) not in started:
                yield params
                since = time.monotonic()
            elif time.monotonic() - since > QUIET:
                log.warning(
                    "search: the grid has no next point after %g s (at %d of %d), as constraints or "
                    "max_parameters leave out so many; sampler random finds points sooner",
                    *(QUIET, index, self._index.points),
                )
                since = math.inf

    def tell(self, result: TrialResult) -> None:
        """A grid learns nothing."""
