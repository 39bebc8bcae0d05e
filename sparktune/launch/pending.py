"""Trials under way, seen from the driver: what both launchers do with futures, attempts and cancelling."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from functools import partial

from sparktune.errors import LaunchError
from sparktune.launch.payload import ATTEMPTS, EncodedResult, decode_result, ended
from sparktune.trial import Trial, TrialResult, TrialState

CANCEL_SECONDS = 30.0


class WorkerLost(Exception):
    """A worker ended in the middle of a trial, `times` times; the message says how."""

    def __init__(self, how: str, times: int = 1) -> None:
        super().__init__(how)
        self.times = times


class Cancelled(Exception):
    """Somebody cancelled the trial where it ran."""


class PendingTrial:
    """A launched trial, its future and the wish to cancel it; `trial` is the one of its next attempt."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.cancelled = threading.Event()
        self.future: Future[TrialResult] = Future()
        self.future.set_running_or_notify_cancel()
        self._left = ATTEMPTS

    def fly(self, run: Callable[[Trial], EncodedResult]) -> None:
        """Run the trial until it ends and settle the future.

        Args:
            run: makes one attempt; raises WorkerLost, Cancelled or LaunchError.
        """
        self.settle(partial(self._attempts, run))

    def settle(self, end: Callable[[], TrialResult]) -> None:
        """Settle the future with what `end` gives or raises; the trial is not to blame for a LaunchError."""
        try:
            result = end()
        except Cancelled:
            self.future.set_result(self._killed())
        except LaunchError as error:
            self.future.set_exception(error)
        except Exception as error:  # noqa: BLE001 - whatever happened, somebody waits for this future
            self.future.set_exception(LaunchError(f"trials cannot be run: {type(error).__name__}: {error}"))
        else:
            self.future.set_result(result)

    def lose(self, times: int) -> None:
        """Count attempts whose worker was lost, unless it was to be."""
        if not self.cancelled.is_set():
            self._left -= times
            self.trial = replace(self.trial, attempt=self.trial.attempt + times)

    def _attempts(self, run: Callable[[Trial], EncodedResult]) -> TrialResult:
        while not self.cancelled.is_set():
            try:
                return decode_result(run(self.trial))
            except WorkerLost as lost:
                last = replace(self.trial, attempt=self.trial.attempt + lost.times - 1)
                self.lose(lost.times)
                if self._left <= 0 and not self.cancelled.is_set():
                    return ended(last, TrialState.FAILED, str(lost))
        return self._killed()

    def _killed(self) -> TrialResult:
        return ended(self.trial, TrialState.KILLED, "cancelled")


def run_pending(
    flights: Sequence[PendingTrial], run: Callable[[Sequence[Trial]], Sequence[EncodedResult]]
) -> None:
    """Run trials one after another in one place; where their worker is lost, each goes on alone.

    So a trial that ends its worker costs the others an attempt and nothing more.

    Args:
        flights: at least one.
        run: makes one attempt at the first of these trials, at least one; raises as in `PendingTrial.fly`.
    """
    waiting = flights
    while len(waiting) > 1:
        try:
            results = run([flight.trial for flight in waiting])
        except WorkerLost as lost:
            for flight in waiting:
                flight.lose(lost.times)
            break
        except Exception as error:  # noqa: BLE001 - each future tells it
            for flight in waiting:
                flight.settle(partial(_raise, error))
            return
        for flight, encoded in zip(waiting, results, strict=False):
            flight.settle(partial(decode_result, encoded))
        waiting = waiting[len(results) :]
    for flight in waiting:
        flight.fly(lambda trial: run([trial])[0])


def _raise(error: Exception) -> TrialResult:
    raise error


class PendingTrials:
    """All flights of a launcher."""

    def __init__(self) -> None:
        self._flights: set[PendingTrial] = set()
        self._lock = threading.Lock()
        self._closed = False

    def add(self, trial: Trial) -> PendingTrial:
        """A new flight.

        Raises:
            LaunchError: the launcher is closed.
        """
        with self._lock:
            if self._closed:
                raise LaunchError("the launcher is closed; make a new one")
            flight = PendingTrial(trial)
            self._flights = {f for f in self._flights if not f.future.done()} | {flight}
        return flight

    def cancel(self, kill: Callable[[], None]) -> None:
        """End what is under way: `kill` again and again until all is down, for some may just be starting."""
        with self._lock:
            flights = set(self._flights)
        for flight in flights:
            flight.cancelled.set()
        pending = {flight.future for flight in flights if not flight.future.done()}
        deadline = time.monotonic() + CANCEL_SECONDS
        while pending and time.monotonic() < deadline:
            kill()
            pending = wait(pending, timeout=0.1).not_done

    def close(self) -> bool:
        """Take no more flights; False where that was so before."""
        with self._lock:
            closed, self._closed = self._closed, True
        return not closed
