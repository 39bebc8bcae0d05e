"""What is still to train, in the best order: trials that share graphs together, long ones first."""

from collections import deque
from collections.abc import Collection, Iterable
from typing import Any, final

from sparktune.errors import StudyFailed
from sparktune.ledger import Retried, Step
from sparktune.search import Sampler, Wait
from sparktune.spec.base import plain_value
from sparktune.training.graph_key import SCALARS, graph_key
from sparktune.trial import Params, TrialReport, TrialResult, TrialState

Point = tuple[int, Params]  # a trial's number and its parameters
WINDOW = 128
ALL_ROWS = 10_000  # what a batch of all rows counts as, where the number of rows is not known


@final
class TrialQueue:
    """The trials of a study that are still to be launched. The sampler is asked when a slot needs work.

    Where the sampler looks ahead without bound, a window of points is put in order: those of one graph key,
    whose graphs a worker traces once, follow each other, and long ones come first. A window is used up before
    the next one is asked for: a search of 10^9 points is never held, and no point waits for longer than its
    window. A sampler that learns is asked for one point at a time. Trials of earlier runs that have no result
    or are to be trained once more come first, also where the search has fewer trials than before.

    Args:
        sampler: learns `earlier` in this order before it is asked.
        earlier: what earlier runs did: trials that were launched, for which the sampler is not asked again,
            reports of paused trials, results, and which of these trials are to be trained once more.
        window: points that are put in order at once.
        held: numbers of launched trials that wait for a pruner: they are not given.
    """

    def __init__(
        self,
        sampler: Sampler,
        earlier: Iterable[Step] = (),
        window: int = WINDOW,
        held: Iterable[int] = (),
    ) -> None:
        if sampler.lookahead is not None and sampler.lookahead < 0:
            raise StudyFailed(
                f"{type(sampler).__name__}.lookahead must be None or at least 0, but is {sampler.lookahead}"
            )
        self._sampler = sampler
        self._window = window if sampler.lookahead is None else 1
        self._next_number = 0
        self._sampler_ended = False
        self._waiting: dict[str, deque[Point]] = {}  # by graph key
        launched: dict[int, Params] = {}
        over: set[int] = set()
        for event in earlier:
            match event:
                case TrialResult(number):
                    over.add(number)
                    sampler.tell(event)
                case TrialReport():
                    sampler.report(event)
                case Retried(number):
                    over.discard(number)
                case (number, params):
                    launched[number] = params
                    sampler.replay(number, params)
        unfinished = sorted(launched.keys() - over - set(held))
        self._unfinished = deque((number, launched[number]) for number in unfinished)
        self._known = launched.keys() | over  # numbers for which the sampler is not asked

    @property
    def size(self) -> int | None:
        """Number of trials in all; None where that is open."""
        return self._sampler.size

    @property
    def lookahead(self) -> int | None:
        """Points that may be launched beyond those that run; None: any number."""
        return self._sampler.lookahead

    def tell(self, result: TrialResult) -> None:
        """A trial has ended for good, or one of its segments has: the sampler learns of it."""
        if result.state.terminal:
            self._sampler.tell(result)
        elif result.state is TrialState.PAUSED:
            self._sampler.report(result.report)

    def exhausted(self) -> bool:
        """Whether no trial is left to launch, as far as can be known without asking too early."""
        if self._sampler.lookahead is None:
            self._ask()
        return not self._waiting and self._all_asked()

    def take(
        self, most: int, warm: str | None = None, busy: Collection[str] = (), same_graph: int = 1
    ) -> list[Point]:
        """The next points for one slot, `most` at most; none when all are taken, or the sampler waits.

        They have one graph key, or several that fit in whole.

        Args:
            most: at least 1.
            same_graph: so many of one graph key are welcome, even if that is more.
            warm: the graph key that this slot knows; it goes on with it.
            busy: graph keys that other slots are at; they are left to them while there are others.
        """
        self._ask()
        if warm in self._waiting:
            return self._gather(warm, most, same_graph)
        idle = (key for key in self._waiting if key not in busy)
        first = next(idle, next(iter(self._waiting), None))
        return [] if first is None else self._gather(first, most, same_graph)

    def take_ahead(self, most: int, busy: Collection[str], same_graph: int = 1) -> list[Point]:
        """The next points for the first slot that is free; none where one suits them better than others."""
        self._ask()
        fits = max(most, same_graph)
        whole = (key for key, points in self._waiting.items() if len(points) <= fits and key not in busy)
        first = next(whole, None)
        if first is None and len(self._waiting) == 1:
            first = next(iter(self._waiting))
        return [] if first is None else self._gather(first, most, same_graph)

    def check_progress(self) -> None:
        """Refuse a sampler that waits while nothing runs: nothing would ever wake it.

        Raises:
            StudyFailed: it has answered WAIT, and no result is to come.
        """
        if not self._waiting and not self._all_asked():
            raise StudyFailed(
                f"{type(self._sampler).__name__}.ask must give parameters or None where no trial runs, but "
                f"answered WAIT for trial {self._next_number}"
            )

    def _all_asked(self) -> bool:
        """Whether no trial of an earlier run is left, and the sampler has nothing more to propose."""
        size = self._sampler.size
        ended = self._sampler_ended or (size is not None and self._new_number() >= size)
        return ended and not self._unfinished

    def _new_number(self) -> int:
        """The next number that no earlier run has launched."""
        while self._next_number in self._known:
            self._next_number += 1
        return self._next_number

    def _ask(self) -> None:
        """Fill an empty window."""
        points: list[Point] = []
        while not self._waiting and len(points) < self._window and (point := self._next_point()):
            points.append(point)
        for point in sorted(points, key=lambda point: -weight(point[1])):
            self._waiting.setdefault(graph_key(point[1]), deque()).append(point)

    def _next_point(self) -> Point | None:
        """The next trial without a result; None where the search is over, or the sampler waits."""
        if self._unfinished:
            return self._unfinished.popleft()
        number = self._new_number()
        answer = None if self._sampler_ended else self._sampler.ask(number)
        self._sampler_ended = answer is None
        if answer is None or isinstance(answer, Wait):
            return None
        params = self._plain(answer)
        self._next_number += 1
        return number, params

    def _plain(self, answer: Params) -> Params:
        """An answer of the sampler as JSON has it: numbers of NumPy become Python's own.

        Raises:
            StudyFailed: it is no mapping of names to plain values.
        """
        try:
            if isinstance(answer, dict) and all(isinstance(name, str) for name in answer):
                return {name: plain_value(value) for name, value in answer.items()}
        except ValueError:  # said below
            pass
        raise StudyFailed(
            f"{type(self._sampler).__name__}.ask must give parameters by name, None or WAIT, but gave "
            f"{answer!r} for trial {self._next_number}; values are numbers, text, true, false, null or lists "
            "of them"
        )

    def _gather(self, first: str, most: int, same_graph: int) -> list[Point]:
        """Points of one graph key, and others that fit in whole beside them."""
        taken = self._draw(first, max(most, same_graph))
        for other in list(self._waiting):
            if len(taken) + len(self._waiting[other]) <= most:
                taken += self._draw(other, most)
        return taken

    def _draw(self, key: str, most: int) -> list[Point]:
        points = self._waiting[key]
        drawn = [points.popleft() for _ in range(min(most, len(points)))]
        if not points:
            del self._waiting[key]
        return drawn


def weight(params: Params) -> float:
    """How long training takes beside other points of the space, roughly: epochs and sizes per batch size."""
    product = 1.0
    for name, value in params.items():
        if name == "batch_size":
            product /= value if isinstance(value, int) else ALL_ROWS
        elif name == "epochs" or name not in SCALARS:
            product *= _extent(value)
    return product


def _extent(value: Any) -> float:
    """A number that is one above 1; a list's sum; 1 for anything else."""
    if isinstance(value, (list, tuple)):
        return max(1.0, sum(map(_extent, value)))
    return max(1.0, value) if isinstance(value, (int, float)) else 1.0
