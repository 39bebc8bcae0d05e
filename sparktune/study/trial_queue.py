"""What is still to train, in the order in which it should be: alike trials together, long ones first."""

from collections import deque
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any, final

from sparktune.training.graph_key import SCALARS, graph_key
from sparktune.trial import Params

Point = tuple[int, Params]
WINDOW = 128


@final
class TrialQueue:
    """The points of a search, a window of them at a time; each is used up before the next is looked at.

    So a search of 10^9 points is never held, and no point waits for longer than its window. Points are alike
    when a worker that has trained one need not trace another's graphs.

    Args:
        points: trial numbers with their parameters.
        window: points that are put in order at once.
    """

    def __init__(self, points: Iterator[Point], window: int = WINDOW) -> None:
        self._points = points
        self._window = window
        self._designs: dict[str, deque[Point]] = {}

    def exhausted(self) -> bool:
        """Whether all points are taken."""
        self._look()
        return not self._designs

    def take(
        self, most: int, warm: str | None = None, busy: Collection[str] = (), alike: int = 1
    ) -> list[Point]:
        """The next points for one slot, `most` at most; none when all are taken.

        They are of one design, or of several that fit in whole.

        Args:
            most: at least 1.
            alike: so many of one design are welcome, even if that is more.
            warm: the design that this slot knows; it goes on with it.
            busy: designs that other slots are at; they are left to them while there are others.
        """
        self._look()
        first = self._choice(warm, busy)
        return self._gather(first, most, alike) if first else []

    def take_ahead(self, most: int, busy: Collection[str], alike: int = 1) -> list[Point]:
        """The next points for the first slot that is free; none where one suits them better than others."""
        self._look()
        fits = max(most, alike)
        whole = (name for name, points in self._designs.items() if len(points) <= fits and name not in busy)
        first = next(whole, None)
        if first is None and len(self._designs) == 1:
            first = next(iter(self._designs))
        return self._gather(first, most, alike) if first else []

    def _look(self) -> None:
        if self._designs:
            return
        for point in sorted(islice(self._points, self._window), key=lambda point: -weight(point[1])):
            self._designs.setdefault(graph_key(point[1]), deque()).append(point)

    def _choice(self, warm: str | None, busy: Collection[str]) -> str | None:
        if warm in self._designs:
            return warm
        idle = (name for name in self._designs if name not in busy)
        return next(idle, next(iter(self._designs), None))

    def _gather(self, first: str, most: int, alike: int) -> list[Point]:
        """Points of one design, and whole designs beside them."""
        taken = self._draw(first, max(most, alike))
        for other in list(self._designs):
            if len(taken) + len(self._designs[other]) <= most:
                taken += self._draw(other, most)
        return taken

    def _draw(self, design: str, most: int) -> list[Point]:
        waiting = self._designs[design]
        drawn = [waiting.popleft() for _ in range(min(most, len(waiting)))]
        if not waiting:
            del self._designs[design]
        return drawn


def weight(params: Params) -> float:
    """How long training takes beside other points of the space, roughly: epochs and sizes per batch size."""
    product = 1.0
    for name, value in params.items():
        if name == "batch_size":
            product /= value
        elif name == "epochs" or name not in SCALARS:
            product *= _extent(value)
    return product


def _extent(value: Any) -> float:
    """A number that is one above 1; a list's sum; 1 for anything else."""
    if isinstance(value, (list, tuple)):
        return max(1.0, sum(map(_extent, value)))
    return max(1.0, value) if isinstance(value, (int, float)) else 1.0
