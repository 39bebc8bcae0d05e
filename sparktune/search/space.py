"""The points of a space: how many there are, the one at an index, a random one."""

import math
import random
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence, Set
from itertools import accumulate
from typing import final

from sparktune.spec import Choice, Domain, Range, SearchSpec
from sparktune.spec.base import Fault
from sparktune.spec.conditions import by_dependence, in_force, is_searched
from sparktune.trial import Params

Space = dict[str, Domain]
MAX_COUNTED = 20_000  # configurations that are looked at one by one
MAX_BUILT = 1_000  # configurations whose models are built, to count them or to find one
MAX_REJECTED = 20_000  # random ones that may break a constraint before it is given up
MAX_WALK = 10**6


@final
class IndexedSpace:
    """A countable space by index; the product is never built, so 10^9 points cost what 10 do.

    `points` is the number of configurations; None where a domain is continuous or logarithmic.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._shapes = [*_shapes(space)]
        counts = [_product(free) for _, free in self._shapes]
        known = [count for count in counts if count is not None]
        self._ends = [*accumulate(known)]
        self.points = self._ends[-1] if len(known) == len(counts) else None

    def point(self, index: int) -> Params:
        """The configuration at `index`, 0 <= index < points: mixed radix, the last name varies fastest.

        Where there are conditions, the names that they depend on vary slowest.
        """
        shape = bisect_right(self._ends, index)
        index -= self._ends[shape - 1] if shape else 0
        fixed, free = self._shapes[shape]
        params = dict(fixed)
        for name, domain in reversed(free.items()):
            index, digit = divmod(index, domain.points or 1)
            params[name] = domain.value(digit)
        return {name: params[name] for name in self._space if name in params}

    def after(self, index: int, names: Set[str]) -> int:
        """The first index behind this one where one of `names` may have another value; `points` if none has.

        All configurations between have the values of these names that the one at `index` has.
        """
        shape = bisect_right(self._ends, index)
        begin = self._ends[shape - 1] if shape else 0
        block = 1
        for name, domain in reversed(self._shapes[shape][1].items()):
            if name in names:
                return begin + ((index - begin) // block + 1) * block
            block *= domain.points or 1
        return self._ends[shape]

    def walk(self, source: random.Random, most: int = MAX_WALK) -> Iterator[Params]:
        """Configurations from a random one on, at most `most`; none where they cannot be counted."""
        if self.points is None:
            return
        start = source.randrange(self.points)
        for step in range(min(self.points, most)):
            yield self.point((start + step) % self.points)


def _shapes(space: Space) -> Iterator[tuple[Params, Space]]:
    """Values of the names that conditions depend on, each with the other domains that are searched there.

    Where those values cannot be counted, no configuration can: all are one.
    """
    deciding = {parent for domain in space.values() for parent in domain.when}
    if any(space[name].points is None for name in deciding):
        yield {}, space
        return
    shapes: list[Params] = [{}]
    for name in [name for name in by_dependence(space) if name in deciding]:
        values = [space[name].value(index) for index in range(space[name].points or 0)]
        shapes = [
            {**shape, name: value} if found else shape
            for shape in shapes
            for found in [is_searched(space, name, shape)]
            for value in (values if found else values[:1])
        ]
    for shape in shapes:
        names = [name for name in space if name not in deciding and is_searched(space, name, shape)]
        yield shape, {name: space[name] for name in names}


def _product(space: Space) -> int | None:
    """Number of combinations; None where a domain is continuous or logarithmic."""
    counts = [domain.points for domain in space.values()]
    return None if None in counts else math.prod(count for count in counts if count is not None)


def count_allowed(search: SearchSpec, index: IndexedSpace) -> int | None:
    """Number of configurations; with constraints an upper bound where there are many.

    Raises:
        Fault: none meets the constraints, as far as a search for one shows.
    """
    if not search.constraints:
        return index.points
    count = _counted(search, index, search.allows, MAX_COUNTED)
    if count == 0:
        raise Fault("leave no configuration; remove one", "constraints", value=[*search.constraints])
    return count


def count_built(search: SearchSpec, index: IndexedSpace, allows: Callable[[Params], bool]) -> int | None:
    """As `count_allowed`, where a model is built to know whether it is allowed; 0 where none is found."""
    return _counted(search, index, allows, MAX_BUILT)


def _counted(
    search: SearchSpec, index: IndexedSpace, allows: Callable[[Params], bool], most: int
) -> int | None:
    """How many are allowed: counted where there are `most` at most, else all, or 0 if none of `most` is."""
    if index.points is not None and index.points <= most:
        return sum(allows(index.point(place)) for place in range(index.points))
    source = random.Random(0)
    found = any(allows(draw(search.space, source)) for _ in range(most))
    return index.points if found else 0


def draw(space: Space, source: random.Random) -> Params:
    """A random configuration: each domain on its own, uniform, or uniform in the logarithm."""
    return in_force(space, {name: _random_value(domain, source) for name, domain in space.items()})


def _random_value(domain: Choice | Range, source: random.Random) -> object:
    if domain.points is None:
        return at_share(domain, source.random())
    return domain.value(source.randrange(domain.points))


def at_shares(space: Space, shares: Sequence[float]) -> Params:
    """The configuration at shares of its domains, 0 <= share < 1, in the order of the names."""
    pairs = zip(space.items(), shares, strict=False)
    return in_force(space, {name: at_share(domain, share) for (name, domain), share in pairs})


def at_share(domain: Choice | Range, share: float) -> object:
    """The value so far into a domain, 0 <= share < 1: each value of a countable one has an equal part."""
    if isinstance(domain, Choice) or domain.points is not None:
        count = domain.points or 1
        return domain.value(min(int(share * count), count - 1))
    if domain.log:
        return _logarithmic(domain, share)
    return min(max(domain.low * (1 - share) + domain.high * share, domain.low), domain.high)


def _logarithmic(domain: Range, share: float) -> int | float:
    """Ints are rounded from half a step beyond each end: the ends are as likely as their neighbours."""
    margin = 0.5 if domain.is_int else 0.0
    low, high = math.log(domain.low - margin), math.log(domain.high + margin)
    value = math.exp(low + share * (high - low))
    return min(max(round(value) if domain.is_int else value, domain.low), domain.high)


def position(domain: Domain, value: object) -> float:
    """Where a value lies in its domain, from 0 (first or low) to 1: by place in a list, else as it is drawn.

    A value that the domain does not hold, which a user's own sampler may propose, lies in the middle.
    """
    if isinstance(domain, Choice):
        place = next((i for i, known in enumerate(domain.values) if known == value), None)
        return 0.5 if place is None or domain.points == 1 else place / (domain.points - 1)
    if not isinstance(value, (int, float)) or not domain.low <= value <= domain.high:
        return 0.5
    if domain.log:
        return math.log(value / domain.low) / math.log(domain.high / domain.low)
    return (value - domain.low) / (domain.high - domain.low)
