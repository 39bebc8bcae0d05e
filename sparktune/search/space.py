"""The points of a space: how many there are, the one at an index, a random one."""

import math
import random
from collections.abc import Iterator, Sequence
from typing import final

from sparktune.spec import Choice, Domain, Range
from sparktune.trial import Params

Space = dict[str, Domain]


@final
class IndexedSpace:
    """A countable space by index; the product is never built, so 10^9 points cost what 10 do.

    `points` is the number of configurations; None where a domain is continuous or logarithmic.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        counts = [domain.points for domain in space.values()]
        self.points = None if None in counts else math.prod(count for count in counts if count is not None)

    def point(self, index: int) -> Params:
        """The configuration at `index`, 0 <= index < points: mixed radix, the last name varies fastest."""
        params: Params = {}
        for name, domain in reversed(self._space.items()):
            index, digit = divmod(index, domain.points or 1)
            params[name] = domain.value(digit)
        return {name: params[name] for name in self._space}

    def walk(self, source: random.Random) -> Iterator[Params]:
        """Every configuration once, from a random one on; none where they cannot be counted."""
        if self.points is None:
            return
        start = source.randrange(self.points)
        for step in range(self.points):
            yield self.point((start + step) % self.points)


def draw(space: Space, source: random.Random) -> Params:
    """A random configuration: each domain on its own, uniform, or uniform in the logarithm."""
    return {name: _drawn(domain, source) for name, domain in space.items()}


def _drawn(domain: Choice | Range, source: random.Random) -> object:
    if domain.points is None:
        return at_share(domain, source.random())
    return domain.value(source.randrange(domain.points))


def at_shares(space: Space, shares: Sequence[float]) -> Params:
    """The configuration at shares of its domains, 0 <= share < 1, in the order of the names."""
    return {
        name: at_share(domain, share) for (name, domain), share in zip(space.items(), shares, strict=False)
    }


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

    A value that the domain does not hold, which a sampler of one's own may propose, lies in the middle.
    """
    if isinstance(domain, Choice):
        place = next((i for i, known in enumerate(domain.values) if known == value), None)
        return 0.5 if place is None or domain.points == 1 else place / (domain.points - 1)
    if not isinstance(value, (int, float)) or not domain.low <= value <= domain.high:
        return 0.5
    if domain.log:
        return math.log(value / domain.low) / math.log(domain.high / domain.low)
    return (value - domain.low) / (domain.high - domain.low)
