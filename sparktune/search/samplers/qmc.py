"""Points of a low-discrepancy sequence: they cover the space more evenly than random ones."""

import random
import warnings
from collections.abc import Iterator
from itertools import count
from typing import final

from sparktune.search.samplers.distinct import DistinctSampler
from sparktune.search.space import at_shares
from sparktune.spec import SearchSpec
from sparktune.trial import Params

BLOCK = 64  # points that are computed at once


@final
class QmcSampler(DistinctSampler):
    """The scrambled Sobol sequence, one dimension for each parameter; points that it repeats are left out."""

    def __init__(self, search: SearchSpec, seed: int) -> None:
        super().__init__(search, seed)
        self._sequence = self._sobol(seed)

    def draws(self, source: random.Random) -> Iterator[Params]:
        return self._sequence

    def _sobol(self, seed: int) -> Iterator[Params]:
        """The sequence, without end; SciPy is imported at its first point."""
        from scipy.stats.qmc import Sobol

        space = self._search.space
        sobol = Sobol(max(1, len(space)), scramble=True, rng=seed)
        for _ in count():
            with warnings.catch_warnings():  # a block need not begin at a power of two
                warnings.simplefilter("ignore", UserWarning)
                block = sobol.random(BLOCK)
            for shares in block.tolist():
                yield at_shares(space, shares)
