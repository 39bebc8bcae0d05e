"""How often one way beats another, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLED = 2000


@dataclass(frozen=True)
class Superiority:
    """Chance that the first of two ways has the smaller regret, equal ones counting half.

    It is the mean over several problems; `low` and `high` bound its 95 % interval.
    """

    chance: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.chance:.3f} [{self.low:.3f}, {self.high:.3f}]"


def superiority(first: Sequence[Sequence[float]], second: Sequence[Sequence[float]]) -> Superiority:
    """Compare regrets (problems, seeds) of two ways; the interval is from a bootstrap over the seeds."""
    random = np.random.default_rng(0)
    chances, resampled = [], np.zeros(RESAMPLED)
    for one, other in zip(np.asarray(first), np.asarray(second), strict=True):
        wins = (one[:, None] < other) + 0.5 * (one[:, None] == other)
        rows, columns = random.integers(0, len(one), (2, RESAMPLED, len(one)))
        chances.append(wins.mean())
        resampled += [wins[np.ix_(*drawn)].mean() for drawn in zip(rows, columns, strict=True)]
    low, high = np.quantile(resampled / len(chances), (0.025, 0.975))
    return Superiority(float(np.mean(chances)), float(low), float(high))
