"""How many segments may share a job: short ones do, as a job of their own would cost more than they take."""

import math
from collections import deque
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from statistics import median
from typing import final

from sparktune.launch.payload import TOGETHER_SECONDS
from sparktune.trial import Segment

SHORT = 1.0  # seconds; segments that last longer have a job each
MOST = 16
MOST_BYTES = 32 * 2**20  # of the checkpoints that one job is sent
RECENT = 9


@final
class JobSizer:
    """Learns from the trials that have begun how long new ones will take, and from each how it will go on.

    Args:
        epochs: of a whole trial, where its parameters do not say.
    """

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs
        self._seconds: deque[float] = deque(maxlen=RECENT)

    def observe(self, seconds: float) -> None:
        """The first segment of a trial took that long where it ran."""
        self._seconds.append(seconds)

    def size(self, left: float, slots: int) -> int:
        """New trials for the next job, at least 1, of `left` that are still to be launched.

        Never so many that other slots would stand idle while the last job runs.
        """
        if not self._seconds:
            return 1
        usual = median(self._seconds)
        if usual >= SHORT:
            return 1
        return int(max(1, min(MOST, TOGETHER_SECONDS / max(usual, 1e-3), left / (2 * slots))))

    def has_room(self, segments: Sequence[Segment], jobs: int) -> bool:
        """Whether one more segment fits into so many jobs beside these; all are of trials that go on."""
        return sum(map(self._part_of_job, segments)) < jobs

    def sharing(self, segments: Sequence[Segment], slots: int) -> int:
        """How many of these segments, from the first on, share the next job: at least 1.

        All are of trials that go on. The idle `slots`, at least 1, get about as many each.
        """
        most = math.ceil(len(segments) / slots)
        filled = accumulate(map(self._part_of_job, segments[:most]))
        return max(1, sum(share <= 1 for share in filled))

    def _part_of_job(self, segment: Segment) -> float:
        """The share of a job that a segment fills, by what its trial's epochs took and by what is sent."""
        if not segment.start:  # trained anew
            return 1.0
        epoch = segment.trained_seconds / segment.start
        end = segment.end or segment.trial.params.get("epochs", self._epochs)
        bound = math.inf if segment.seconds is None else segment.seconds + epoch
        seconds = min(epoch * (end - segment.start), bound)
        share = max(1 / MOST, seconds / TOGETHER_SECONDS, _bytes_sent(segment.checkpoint) / MOST_BYTES)
        return 1.0 if seconds >= SHORT else share


def _bytes_sent(checkpoint: str | None) -> int:
    """Bytes of a checkpoint that is sent; one of another place is read where its segment runs."""
    try:
        return Path(checkpoint).stat().st_size if checkpoint else 0
    except OSError:
        return 0
