"""Samplers that learn nothing and propose no point twice."""

import json
import random
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Self

from sparktune.search.allowed_points import AllowedPoints, Allows
from sparktune.search.samplers.base import Sampler, check_ends, check_learns_nothing
from sparktune.search.space import IndexedSpace, count_allowed
from sparktune.spec import SearchSpec
from sparktune.trial import Params, TrialResult


class DistinctSampler(Sampler, ABC):
    """Draws points until one is new, `MAX_DRAWS` at most for a trial.

    Where that fails, a countable space gives its next free point, so that none is left over; any other space
    counts as exhausted. Starting points come first. The study's seed and a trial's number decide, so that a
    resumed study gets the same points.
    """

    def __init__(self, search: SearchSpec, seed: int) -> None:
        self._search = search
        self._seed = seed
        self._points = AllowedPoints(search)
        self._asked: list[Params] = [*search.start]
        self._seen = {key_of(params) for params in search.start}

    @classmethod
    def check(cls, search: SearchSpec) -> None:
        """Refuse options, of which there are none, and a search without a number of trials or a budget."""
        check_learns_nothing(search)
        check_ends(search)
        count_allowed(search, IndexedSpace(search.space))

    @classmethod
    def from_spec(cls, search: SearchSpec, seed: int) -> Self:
        return cls(search, seed)

    @property
    def size(self) -> int | None:
        """Most trials; a logarithmic range of few ints, or constraints, may end the search earlier."""
        return self._points.size

    def restrict(self, allows: Allows) -> None:
        self._points.restrict(allows)

    def ask(self, number: int) -> Params | None:
        """The point of trial `number`; earlier numbers are drawn first, as they decide what is taken."""
        if self.size is not None and number >= self.size:
            return None
        while len(self._asked) <= number:
            params = self._next(len(self._asked))
            if params is None:
                return None
            self._seen.add(key_of(params))
            self._asked.append(params)
        return dict(self._asked[number])

    def tell(self, result: TrialResult) -> None:
        """Such a sampler learns nothing."""

    @abstractmethod
    def draws(self, source: random.Random) -> Iterator[Params]:
        """Points without end for the next trial, some of which may have been drawn before."""

    def _next(self, number: int) -> Params | None:
        source = random.Random(f"{self._seed}/{number}")
        candidates = self._points.candidates(self.draws(source), source)
        fresh = (params for params in candidates if key_of(params) not in self._seen)
        return next(filter(self._points.allows, fresh), None)


def key_of(params: Params) -> str:
    """Equal for equal parameters, whatever their order."""
    return json.dumps(params, sort_keys=True)
