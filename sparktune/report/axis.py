"""Axes: where a value lies between 0 and 1, and which values are written beside it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, final

from sparktune.spec import Choice, Domain

Kind = Literal["linear", "log", "category"]
FEW = 7  # so few numbers are written beside the axis themselves
WIDE = 10.0  # listed numbers whose largest is so many times the smallest are drawn on a log axis
CROWDED = 0.09  # of the axis: names nearer than this would overlap


@final
@dataclass(frozen=True)
class Tick:
    """A name beside an axis, at a position from 0 to 1."""

    position: float
    text: str


@final
@dataclass(frozen=True)
class Axis:
    """Values from 0 to 1: numbers, or numbers in the logarithm, from `low` to `high`; or each of `values`.

    `values` are texts, which the numbers of a category become too.
    """

    name: str
    kind: Kind
    low: float = 0.0
    high: float = 1.0
    values: tuple[str, ...] = ()
    ticks: tuple[Tick, ...] = ()

    def position(self, value: Any) -> float | None:
        """From 0 to 1; what lies outside is at its end. None for what has no place: no number, or unknown."""
        if self.kind == "category":
            text = str(value)
            return _middle(self.values.index(text), len(self.values)) if text in self.values else None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return None
        if self.high <= self.low:
            return 0.5
        if self.kind == "linear":
            return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)
        share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        return min(max(share, 0.0), 1.0)

    def number_at(self, position: float) -> float:
        """The number at a position from 0 to 1 of an axis of numbers."""
        if self.kind == "log":
            return float(self.low * (self.high / self.low) ** position)
        return self.low + position * (self.high - self.low)


def parameter_axis(name: str, domain: Domain | None, values: Iterable[Any]) -> Axis:
    """The axis of a searched parameter: log where its range is, or where listed numbers grow by factors.

    Args:
        name: the parameter's.
        domain: where it was searched; None where the user's own sampler proposed it.
        values: those of the trials, which widen the axis where they lie outside the domain.
    """
    listed = list(domain.values) if isinstance(domain, Choice) else []
    ends = [domain.low, domain.high] if domain is not None and not isinstance(domain, Choice) else []
    known = [*listed, *ends, *values]
    if not all(isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v) for v in known):
        return category_axis(name, known)
    searched_so = domain is not None and not isinstance(domain, Choice) and domain.log
    log = min(known) > 0 and (searched_so or (bool(listed) and _in_factors(listed)))
    return number_axis(name, known, log=log, exact=bool(listed))


def category_axis(name: str, values: Iterable[Any]) -> Axis:
    """Each value has a place of its own, in the order they come up first."""
    texts = tuple(dict.fromkeys(str(value) for value in values))
    ticks = tuple(Tick(_middle(i, len(texts)), text) for i, text in enumerate(texts))
    return Axis(name, "category", values=texts, ticks=ticks)


def number_axis(
    name: str, values: Sequence[float], log: bool = False, exact: bool = False, whole: bool = False
) -> Axis:
    """From the smallest to the largest of finite values.

    Args:
        name: the axis' title.
        values: without any, the axis goes from 0 to 1.
        log: equal factors have equal lengths; all values must be above 0.
        exact: write the values themselves beside the axis where they are few.
        whole: write whole numbers alone beside it.
    """
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if low == high:
        low, high = (low / 2, high * 2) if log else (low - (abs(low) or 1) / 10, high + (abs(high) or 1) / 10)
    bare = Axis(name, "log" if log else "linear", float(low), float(high))
    distinct = sorted(set(values))
    rounded = [n for n in _round_numbers(bare) if not whole or n == int(n)]
    for chosen in (distinct if exact and len(distinct) <= FEW else [], rounded):
        ticks = tuple(
            Tick(bare.position(value) or 0.0, text)
            for value, text in zip(chosen, distinct_texts(chosen), strict=True)
        )
        if ticks and not any(b.position - a.position < CROWDED for a, b in pairwise(ticks)):
            break
    return Axis(name, bare.kind, bare.low, bare.high, ticks=ticks)


def short(value: Any) -> str:
    """A value as people write it: numbers with four digits at most, very small and large ones as 1e-5."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int) and abs(value) < 10**6:
        return str(value)
    text = f"{value:.4g}" if not 1e4 <= abs(value) < 1e6 else f"{value:.0f}"
    mantissa, _, power = text.partition("e")
    return f"{mantissa}e{int(power)}" if power else text


def distinct_texts(values: Sequence[Any]) -> list[str]:
    """Each of some different values as `short` writes it; in full where two of them would look the same."""
    texts = [short(value) for value in values]
    return texts if len(set(texts)) == len(texts) else [repr(value) for value in values]


def _middle(index: int, count: int) -> float:
    return (index + 0.5) / count


def _in_factors(values: Sequence[float]) -> bool:
    """Whether listed numbers, all above 0, span a decade, or are three or more and each doubles at least."""
    ordered = sorted(values)
    doubling = len(ordered) > 2 and all(after >= 2 * before for before, after in pairwise(ordered))
    return doubling or ordered[-1] / ordered[0] >= WIDE


def _round_numbers(axis: Axis) -> list[float]:
    """Some round numbers between the ends."""
    if axis.kind == "log":
        for steps in ((1,), (1, 3), (1, 2, 5)):
            powers = range(math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high)) + 1)
            found = [float(f"{step}e{power}") for power in powers for step in steps]
            inside = [v for v in found if axis.low * 0.999 <= v <= axis.high * 1.001]
            if len(inside) >= 3:
                break
        return inside[:: -(-len(inside) // 8)] if inside else [axis.low, axis.high]
    raw = (axis.high - axis.low) / 4
    size = 10 ** math.floor(math.log10(raw))
    step = next(s * size for s in (1, 2, 2.5, 5, 10) if s * size >= raw)
    first = math.ceil(axis.low / step - 1e-9)
    return [float(f"{n * step:.10g}") for n in range(first, math.floor(axis.high / step + 1e-9) + 1)]
