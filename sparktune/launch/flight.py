"""Trials under way, seen from the driver: what both launchers do with futures, attempts and cancelling."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import replace

from sparktune.errors import LaunchError
from sparktune.launch.task import ATTEMPTS, Parcel, ended, unpack
from sparktune.trial import Trial, TrialResult, TrialState

CANCEL_SECONDS = 30.0


class WorkerLost(Exception):
    """A worker ended in the middle of a trial, `times` times; the message says how."""

    def __init__(self, how: str, times: int = 1) -> None:
        super().__init__(how)
        self.times = times


class Cancelled(Exception):
    """Somebody cancelled the trial where it ran."""


class Flight:
    """A launched trial, its future and the wish to cancel it."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.cancelled = threading.Event()
        self.future: Future[TrialResult] = Future()
        self.future.set_running_or_notify_cancel()

    def fly(self, run: Callable[[Trial], Parcel]) -> None:
        """Run the trial until it ends and settle the future; the trial is not to blame for a LaunchError.

        Args:
            run: makes one attempt; raises WorkerLost, Cancelled or LaunchError.
        """
        try:
            result = self._attempts(run)
        except LaunchError as error:
            self.future.set_exception(error)
        except Exception as error:  # noqa: BLE001 - whatever happened, somebody waits for this future
            self.future.set_exception(LaunchError(f"trials cannot be run: {type(error).__name__}: {error}"))
        else:
            self.future.set_result(result)

    def _attempts(self, run: Callable[[Trial], Parcel]) -> TrialResult:
        trial = self.trial
        while not self.cancelled.is_set():
            try:
                return unpack(run(trial))
            except Cancelled:
                break
            except WorkerLost as lost:
                last = trial.attempt + lost.times - 1
                if last - self.trial.attempt + 1 >= ATTEMPTS and not self.cancelled.is_set():
                    return ended(replace(trial, attempt=last), TrialState.FAILED, str(lost))
                trial = replace(trial, attempt=last + 1)
        return ended(trial, TrialState.KILLED, "cancelled")


class Flights:
    """All flights of a launcher."""

    def __init__(self) -> None:
        self._flights: set[Flight] = set()
        self._lock = threading.Lock()
        self._closed = False

    def add(self, trial: Trial) -> Flight:
        """A new flight.

        Raises:
            LaunchError: the launcher is closed.
        """
        with self._lock:
            if self._closed:
                raise LaunchError("the launcher is closed; make a new one")
            flight = Flight(trial)
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
