"""Random points of the space, none of them twice."""

import json
import random
from typing import Self, final

from sparktune.search.samplers.base import Sampler, check_no_options
from sparktune.search.space import draw, point, points
from sparktune.spec import SearchSpec
from sparktune.spec.base import Fault
from sparktune.trial import Params, TrialResult

MAX_DRAWS = 200


@final
class RandomSampler(Sampler):
    """Draws each trial from the study's seed and the trial's number, so a resumed study gets the same points.

    A point that an earlier trial has is drawn again, `MAX_DRAWS` times at most. Where that fails, a countable
    space gives its next free point, so that none is left over; any other space counts as exhausted.
    """

    def __init__(self, space: SearchSpec, seed: int) -> None:
        self._space = space.space
        self._seed = seed
        self._points = points(space.space)
        limits = [limit for limit in (space.trials, self._points) if limit is not None]
        self._size = min(limits) if limits else None
        self._asked: list[Params] = []
        self._seen: set[str] = set()

    @classmethod
    def check(cls, search: SearchSpec) -> None:
        """Refuse options, which random search has none of, and a search without a number of trials."""
        check_no_options(search)
        if search.trials is None:
            raise Fault("is required for sampler random, but got nothing; add trials: 20", "trials")

    @classmethod
    def from_spec(cls, search: SearchSpec, seed: int) -> Self:
        return cls(search, seed)

    @property
    def size(self) -> int | None:
        """Most trials; a logarithmic range of few ints may be used up earlier."""
        return self._size

    def ask(self, number: int) -> Params | None:
        """The point of trial `number`; earlier numbers are drawn first, as they decide what is taken."""
        while len(self._asked) <= number:
            params = self._next(len(self._asked))
            if params is None:
                return None
            self._seen.add(_key(params))
            self._asked.append(params)
        return dict(self._asked[number])

    def tell(self, result: TrialResult) -> None:
        """Random search learns nothing."""

    def _next(self, number: int) -> Params | None:
        if self._size is not None and number >= self._size:
            return None
        source = random.Random(f"{self._seed}/{number}")
        for _ in range(MAX_DRAWS):
            params = draw(self._space, source)
            if _key(params) not in self._seen:
                return params
        return self._free(source)

    def _free(self, source: random.Random) -> Params | None:
        """The first free point of a countable space from a random one on."""
        if self._points is None:
            return None
        start = source.randrange(self._points)
        walk = (point(self._space, (start + step) % self._points) for step in range(self._points))
        return next((params for params in walk if _key(params) not in self._seen), None)


def _key(params: Params) -> str:
    return json.dumps(params, sort_keys=True)
