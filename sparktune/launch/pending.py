"""Segments under way, seen from the driver: what launchers do with futures, attempts and cancelling."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from typing import final

from sparktune.errors import LaunchError
from sparktune.launch.payload import ATTEMPTS, EncodedResult, decode_result, ended
from sparktune.trial import Segment, TrialResult, TrialState

CANCEL_SECONDS = 30.0
LAUNCHES = 5  # of a segment, of which executors that are lost may end any number
NOT_FINAL = "executors were lost, for which the trial is not to blame: run the same command again to train it"
RunSegments = Callable[[Sequence[Segment]], Sequence[EncodedResult]]


class WorkerLost(Exception):
    """A worker ended in the middle of a trial, `times` times; the message says how.

    `blameless` of them were ends of an executor or its host, for which no trial is to blame. `state` is that
    of a trial whose last attempt it was.
    """

    def __init__(
        self, how: str, times: int = 1, blameless: int = 0, state: TrialState = TrialState.FAILED
    ) -> None:
        super().__init__(how)
        self.times = times
        self.blameless = blameless
        self.state = state


class Cancelled(Exception):
    """Somebody cancelled the segment where it ran."""


@final
class PendingSegment:
    """A launched segment, its future and the wish to cancel it; `segment` is the one of its next attempt."""

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self.cancelled = threading.Event()
        self.future: Future[TrialResult] = Future()
        self.future.set_running_or_notify_cancel()
        self._attempts_left = ATTEMPTS
        self._launches_left = LAUNCHES
        self._ends: list[str] = []  # of workers that were lost, a line for each

    def finish(self, encoded: EncodedResult) -> None:
        """Give the result that came back."""
        self._settle(lambda: decode_result(encoded))

    def fail(self, error: Exception) -> None:
        """End without a result of its own: KILLED where it was cancelled, else a LaunchError."""

        def raise_error() -> TrialResult:
            raise error

        self._settle(raise_error)

    def lose_attempts(self, how: str, count: int, blameless: int = 0) -> None:
        """Count attempts whose worker was lost, unless it was to be; `blameless` ones cost none."""
        if not self.cancelled.is_set():
            self._ends.append(how.partition("\n")[0])
            self._attempts_left -= count - blameless
            self._launches_left -= 1
            self.segment = self.segment.later(count)

    def run_alone(self, run: RunSegments) -> None:
        """Run the segment until it ends, again after each lost worker while attempts are left."""
        self._settle(lambda: self._result_of_attempts(run))

    def _result_of_attempts(self, run: RunSegments) -> TrialResult:
        while not self.cancelled.is_set():
            try:
                return self._noted(decode_result(run([self.segment])[0]))
            except WorkerLost as lost:
                last = self.segment.later(lost.times - 1)
                self.lose_attempts(str(lost), lost.times, lost.blameless)
                if self.cancelled.is_set():
                    break
                if self._attempts_left <= 0:
                    return ended(last.trial, lost.state, str(lost))
                if self._launches_left <= 0:
                    return ended(last.trial, TrialState.KILLED, f"{lost}\n{NOT_FINAL}")
        raise Cancelled

    def _noted(self, result: TrialResult) -> TrialResult:
        """The result with a note on workers that were lost before it."""
        ends = [*self._ends, *filter(None, [result.notes.lost])]
        return replace(result, notes=replace(result.notes, lost="\n".join(ends) or None))

    def _settle(self, end: Callable[[], TrialResult]) -> None:
        """Settle the future with what `end` gives or raises; the trial is not to blame for a LaunchError."""
        try:
            self.future.set_result(end())
        except Cancelled:
            self.future.set_result(ended(self.segment.trial, TrialState.KILLED, "cancelled"))
        except LaunchError as error:
            self.future.set_exception(error)
        except Exception as error:  # noqa: BLE001 - whatever happened, somebody waits for this future
            self.future.set_exception(LaunchError(f"trials cannot be run: {type(error).__name__}: {error}"))


def run_pending(pending: Sequence[PendingSegment], run: RunSegments) -> None:
    """Run segments one after another in one place; where their worker is lost, each goes on alone.

    So a trial that ends its worker costs the others an attempt and nothing more.

    Args:
        pending: at least one.
        run: makes one attempt at these segments and gives the results of the first ones, at least one; raises
            WorkerLost, Cancelled or LaunchError.
    """
    waiting = pending
    while len(waiting) > 1:
        try:
            results = run([entry.segment for entry in waiting])
        except WorkerLost as lost:
            for entry in waiting:
                # one, also where Spark tried all of them several times
                entry.lose_attempts(str(lost), 1, blameless=int(lost.blameless == lost.times))
            break
        except Exception as error:  # noqa: BLE001 - each future tells it
            for entry in waiting:
                entry.fail(error)
            return
        for entry, encoded in zip(waiting, results, strict=False):
            entry.finish(encoded)
        waiting = waiting[len(results) :]
    for entry in waiting:
        entry.run_alone(run)


@final
class PendingSegments:
    """All segments of a launcher that are under way."""

    def __init__(self) -> None:
        self._pending: set[PendingSegment] = set()
        self._lock = threading.Lock()
        self._closed = False

    def add(self, segments: Sequence[Segment]) -> list[PendingSegment]:
        """Take in segments that are launched now.

        Raises:
            LaunchError: the launcher is closed.
        """
        with self._lock:
            if self._closed:
                raise LaunchError("the launcher is closed; make a new one")
            added = [PendingSegment(segment) for segment in segments]
            self._pending = {entry for entry in self._pending if not entry.future.done()} | set(added)
        return added

    def cancel(self, kill: Callable[[], None]) -> None:
        """End what is under way: `kill` again and again until all is down, for some may just be starting."""
        with self._lock:
            pending = set(self._pending)
        for entry in pending:
            entry.cancelled.set()
        running = {entry.future for entry in pending if not entry.future.done()}
        deadline = time.monotonic() + CANCEL_SECONDS
        while running and time.monotonic() < deadline:
            kill()
            running = wait(running, timeout=0.1).not_done

    def close(self) -> bool:
        """Take no more segments; False where that was so before."""
        with self._lock:
            was_closed, self._closed = self._closed, True
        return not was_closed
