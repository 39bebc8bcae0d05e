"""The points of a search that may be proposed: how many there are, and where to look for a new one."""

import random
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import final

from sparktune.search.space import MAX_BUILT, MAX_REJECTED, MAX_WALK, IndexedSpace, count_allowed, count_built
from sparktune.spec import SearchSpec
from sparktune.trial import Params

MAX_DRAWS = 200  # for one trial, before the space counts as used up
Allows = Callable[[Params], bool]


@final
class AllowedPoints:
    """The points that meet the constraints of a search, and what `restrict` adds to these.

    Attributes:
        size: most trials; None where neither they nor the points can be counted.
        allows: whether a point may be proposed.
    """

    def __init__(self, search: SearchSpec) -> None:
        self._search = search
        self._index = IndexedSpace(search.space)
        self._most_drawn = MAX_REJECTED if search.constraints else MAX_DRAWS
        self._most_walked = MAX_WALK
        self.size = smallest(search.trials, count_allowed(search, self._index))
        self.allows: Allows = search.allows

    def restrict(self, allows: Allows) -> None:
        """Have `allows` decide, which builds a model for each point: fewer points are looked at."""
        self.allows = allows
        self._most_drawn = self._most_walked = MAX_BUILT
        self.size = smallest(self._search.trials, count_built(self._search, self._index, allows))

    def candidates(self, draws: Iterator[Params], source: random.Random) -> Iterator[Params]:
        """Where to look for a new point; it is not yet known which of them are allowed.

        The first of `draws`, which are without end, then the points of a countable space, from one that
        `source` draws.
        """
        return chain(islice(draws, self._most_drawn), self._index.walk(source, self._most_walked))


def smallest(*limits: int | None) -> int | None:
    """The smallest of the limits that there are; None where there is none."""
    return min((limit for limit in limits if limit is not None), default=None)
