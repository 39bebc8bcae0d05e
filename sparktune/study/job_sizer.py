"""How many trials may share a job: short ones do, as a job of their own would cost more than they take."""

from collections import deque
from statistics import median
from typing import final

from sparktune.launch.payload import TOGETHER_SECONDS

SHORT = 1.0  # seconds; trials that last longer have a job each
MOST = 16
RECENT = 9


@final
class JobSizer:
    """Learns from the trials that have ended how long the next ones will take."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=RECENT)

    def observe(self, seconds: float) -> None:
        """A trial took that long where it ran."""
        self._seconds.append(seconds)

    def size(self, left: float, slots: int) -> int:
        """Trials for the next job, at least 1, of `left` that are still to be launched.

        Never so many that other slots would stand idle while the last job runs.
        """
        if not self._seconds:
            return 1
        usual = median(self._seconds)
        if usual >= SHORT:
            return 1
        return int(max(1, min(MOST, TOGETHER_SECONDS / max(usual, 1e-3), left / (2 * slots))))
