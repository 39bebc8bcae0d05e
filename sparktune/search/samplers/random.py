"""Random points of the space, none of them twice."""

import random
from collections.abc import Iterator
from typing import final

from sparktune.search.samplers.distinct import DistinctSampler
from sparktune.search.space import draw
from sparktune.trial import Params


@final
class RandomSampler(DistinctSampler):
    """Draws each parameter on its own: uniform in its domain, or uniform in the logarithm."""

    def draws(self, source: random.Random) -> Iterator[Params]:
        while True:
            yield draw(self._search.space, source)
