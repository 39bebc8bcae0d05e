"""The points of a space: how many there are, the one at an index, a random one."""

import math
import random

from sparktune.spec import Choice, Domain, Range
from sparktune.trial import Params

Space = dict[str, Domain]


def points(space: Space) -> int | None:
    """Number of configurations; None where a domain is continuous or logarithmic."""
    counts = [domain.points for domain in space.values()]
    return None if None in counts else math.prod(count for count in counts if count is not None)


def point(space: Space, index: int) -> Params:
    """The configuration at `index`, 0 <= index < points: mixed radix, the last name varies fastest."""
    params: Params = {}
    for name, domain in reversed(space.items()):
        index, digit = divmod(index, domain.points or 1)
        params[name] = domain.value(digit)
    return {name: params[name] for name in space}


def draw(space: Space, source: random.Random) -> Params:
    """A random configuration: each domain on its own, uniform, or uniform in the logarithm."""
    return {name: _value(domain, source) for name, domain in space.items()}


def _value(domain: Choice | Range, source: random.Random) -> object:
    if isinstance(domain, Range) and domain.log:
        return _logarithmic(domain, source.random())
    if isinstance(domain, Range) and domain.points is None:
        share = source.random()
        return min(max(domain.low * (1 - share) + domain.high * share, domain.low), domain.high)
    return domain.value(source.randrange(domain.points or 1))


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
