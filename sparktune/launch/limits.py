"""What a trial may take, watched from outside its process: so a call that holds Python's lock ends, too."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import final

from sparktune.launch.memory import memory_of
from sparktune.spec import ResourcesSpec
from sparktune.trial import Segment, TrialResult, TrialState

LOOK_SECONDS = 0.05  # between two looks at a trial's memory
TICK_SECONDS = 0.25  # between two looks at the clock
LATE_SECONDS = 0.1  # by which a look may come late and still count in full
FRAME = re.compile(r'File "(?:.*/)?(.*)", line (\d+) in (.*)')


@final
@dataclass(frozen=True)
class Excess:
    """A limit that a trial has passed, `seconds` after its segment began: the state it ends in, and why."""

    state: TrialState
    seconds: float
    why: str

    def error(self, frames: Sequence[str]) -> str:
        """The error of the trial, which was in the first of these frames of Python's faulthandler."""
        found = FRAME.search(frames[0]) if frames else None
        place = f" It was in {found[3]} ({found[1]}, line {found[2]})." if found else ""
        stack = ["its innermost calls were", *frames] if frames else []
        return "\n".join([*stack, f"{self.why}{place}"])


@final
@dataclass(frozen=True)
class Limits:
    """Bounds on one trial; None: there is none.

    `seconds` is the time of all its segments where they run, `memory` the bytes that its process may grow by.
    """

    seconds: float | None = None
    memory: int | None = None

    @classmethod
    def of(cls, resources: ResourcesSpec) -> "Limits":
        """Those of a study."""
        return cls(resources.trial_seconds, resources.memory)

    @property
    def exist(self) -> bool:
        """Whether there is any."""
        return self != UNLIMITED

    def seconds_left(self, segment: Segment) -> float | None:
        """Seconds that the trial may still take when this segment begins; None: any number."""
        return None if self.seconds is None else max(0.0, self.seconds - segment.trained_seconds)

    def wait(self, answer: Connection, process: int, segment: Segment) -> Excess | float:
        """Wait until the process that trains a segment answers or ends, or its trial has passed a limit.

        Gives the limit that was passed, else the seconds that did not count. Costs nothing but a look at the
        process's memory, where that is limited. Time in which the host, and so this process, stood still does
        not count: a look that comes late counts as little as one in time.
        """
        left = self.seconds_left(segment)
        seconds, before = 0.0, memory_of(process) if self.memory is not None else 0
        looked, stood_still = time.monotonic(), 0.0
        while True:
            pause = self._pause(left, seconds)
            answered = answer.poll(pause)
            passed = time.monotonic() - looked
            counted = passed if pause is None else min(passed, pause + LATE_SECONDS)
            seconds, looked, stood_still = seconds + counted, looked + passed, stood_still + passed - counted
            if answered:
                return stood_still
            if left is not None and seconds >= left:
                why = _too_long(self.seconds or 0.0, segment.trained_seconds + seconds)
                return Excess(TrialState.TIMED_OUT, seconds, why)
            if self.memory is not None and (grown := memory_of(process) - before) > self.memory:
                return self._too_large(grown, seconds)

    def _pause(self, left: float | None, seconds: float) -> float | None:
        """Seconds until the next look; None: no look is needed."""
        pauses = [] if left is None else [min(TICK_SECONDS, max(0.0, left - seconds))]
        return min(pauses + ([LOOK_SECONDS] if self.memory is not None else []), default=None)

    def _too_large(self, grown: int, seconds: float) -> Excess:
        why = (
            f"resources.memory: a trial may take {self.memory:,} bytes, but this one had {grown:,} after "
            f"{seconds:.1f} s; raise the limit and train it again with --retry out_of_memory, or lower "
            "batch_size or the model's size."
        )
        return Excess(TrialState.OUT_OF_MEMORY, seconds, why)


UNLIMITED = Limits()


def timed_out(result: TrialResult, limit: float | None) -> TrialResult | None:
    """The end of a paused trial whose segments have taken `limit` seconds or more; None: it may go on."""
    if limit is None or result.counted_seconds < limit:
        return None
    error = _too_long(limit, result.counted_seconds)
    end = replace(result, state=TrialState.TIMED_OUT, error=error, checkpoint=None)
    return replace(end, timings={}, stood_still=0.0)  # the ledger adds those of its segments


def _too_long(limit: float, seconds: float) -> str:
    return (
        f"resources.trial_seconds: a trial may take {limit:g} s, but this one had not ended after "
        f"{seconds:.1f} s; raise the limit and train it again with --retry timed_out, or leave such "
        "configurations out."
    )
