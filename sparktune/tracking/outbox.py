"""A queue of work for one background thread, which does it in order and repeats what failed."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Generic, TypeVar, final

Item = TypeVar("Item")
Job = Callable[[], object]
LONGEST_PAUSE_S = 60.0
GATHER_S = 0.25  # how long to wait for more items to write together
LAST_TRIES = 2  # of each job while closing; temporary failures are not counted
INTERRUPTED_S = 3.0  # that Ctrl-C leaves `close`
LAST_PAUSE_S = 1.0  # the longest one between two tries while closing
# After a lost connection `close` gives up when both have passed.
PATIENCE_S = 5.0  # since it was called
STALL_S = 12.0  # since a job last succeeded; a request may take 10 s


@final
@dataclass(frozen=True)
class _ItemToWrite(Generic[Item]):
    """Marks an item in the queue, where the jobs are functions."""

    item: Item


@final
class Outbox(Generic[Item]):
    """Does jobs and writes items one after the other in a background thread.

    A job that raises goes to the end of the queue and is done again, after a pause that grows from 1 to 60 s
    as long as nothing succeeds. One call of `write` takes at most `together` items; where that is more than
    one, it waits 0.25 s for more to come. Items whose common write failed are written one by one.

    `on_trouble` is called once: with the error of the second failure in a row, or in `close` if something was
    left undone. `around` is entered while the thread runs. `may_pass` says which errors are temporary, as the
    other side answers and may succeed the next time: `close` goes on trying after those. By default none is.
    """

    def __init__(
        self,
        name: str,
        on_trouble: Callable[[Exception], None],
        around: AbstractContextManager[None],
        write: Callable[[list[Item]], None],
        together: int = 1,
        may_pass: Callable[[Exception], bool] = lambda error: False,
    ) -> None:
        self._on_trouble = on_trouble
        self._around = around
        self._write = write
        self._together = together
        self._may_pass = may_pass
        # Guards all that follows; notified of every change that somebody may wait for.
        self._changed = threading.Condition()
        self._jobs: dict[str, Job | _ItemToWrite[Item]] = {}
        self._alone: set[str] = set()  # keys of items that are not written with others
        self._busy = False
        self._failures = 0  # since the last success
        self._connection_lost = False  # since the last success
        self._error: Exception | None = None
        self._warned = False
        self._done_at = 0.0  # when a job last succeeded, by the monotonic clock
        self._again_at = 0.0  # when to go on after a temporary failure while closing
        self._last_tries: Counter[str] = Counter()  # by key, while closing
        self._closing = False
        self._abandoned = False
        self._ended = False
        # A daemon, so that a server that hangs cannot keep the driver from ending.
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        """Begin to work; what was put before is done now."""
        self._done_at = time.monotonic()
        self._thread.start()

    def put(self, key: str, job: Job) -> None:
        """Add a job; it takes the place of a job of the same key that was not done yet."""
        with self._changed:
            self._jobs[key] = job
            self._changed.notify_all()

    def put_item(self, key: str, item: Item) -> None:
        """Add an item to write; it takes the place of one of the same key that was not written yet."""
        with self._changed:
            self._jobs[key] = _ItemToWrite(item)
            self._changed.notify_all()

    def close(self, timeout_s: float) -> bool:
        """Do what is left for at most `timeout_s` seconds; whether all was done.

        Each job is tried at most twice; a temporary failure does not count as a try. After a time-out or a
        lost connection it gives up as soon as 5 s have passed here and 12 s since a job last succeeded.
        Ctrl-C, which is raised, leaves it 3 s where it had more; a second one none.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            try:
                if self._thread.ident is not None:
                    self._wait_for_end(timeout_s)
            except KeyboardInterrupt:
                if timeout_s > INTERRUPTED_S:
                    self._wait_for_end(INTERRUPTED_S)
                raise
            finally:
                self._abandoned = True
                self._changed.notify_all()
            done = not self._jobs and not self._busy
        if not done:
            self._warn_once(self._error or TimeoutError(f"not all was written within {timeout_s:g} s"))
        return done

    def _wait_for_end(self, timeout_s: float) -> None:
        """Wait until the thread has ended or `close` gives up."""
        began = time.monotonic()
        while not self._ended:
            end = began + timeout_s
            if self._connection_lost:
                end = min(end, max(began + PATIENCE_S, self._done_at + STALL_S))
            if (left := end - time.monotonic()) <= 0:
                return
            self._changed.wait(left)

    def _work(self) -> None:
        """What the thread runs."""
        try:
            with self._around:
                while taken := self._take():
                    self._do(taken)
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _take(self) -> dict[str, Job | _ItemToWrite[Item]]:
        """Wait for the next job or the next items to write together, by key; gives nothing at the end."""
        with self._changed:
            if self._failures:
                pause_s = min(2.0 ** (self._failures - 1), LONGEST_PAUSE_S)
                self._changed.wait_for(lambda: self._closing, pause_s)
            elif self._together > 1 and not self._alone:
                self._changed.wait_for(lambda: self._closing or len(self._jobs) >= self._together, GATHER_S)
            self._changed.wait_for(lambda: self._jobs or self._closing)
            if self._closing:
                self._changed.wait_for(lambda: self._abandoned, max(0.0, self._again_at - time.monotonic()))
            key = next((k for k in self._jobs if self._last_tries[k] < LAST_TRIES), None)
            if key is None or self._abandoned:
                return {}
            items = (k for k, job in self._jobs.items() if isinstance(job, _ItemToWrite))
            shared = [k for k in items if k not in self._alone]
            keys = shared[: self._together] if key in shared else [key]
            self._busy = True
            self._last_tries.update(keys if self._closing else ())
            return {key: self._jobs.pop(key) for key in keys}

    def _do(self, taken: dict[str, Job | _ItemToWrite[Item]]) -> None:
        """Do one job or write items; what fails is put back into the queue."""
        try:
            if items := [job.item for job in taken.values() if isinstance(job, _ItemToWrite)]:
                self._write(items)
            for job in taken.values():
                if not isinstance(job, _ItemToWrite):
                    job()
        except Exception as error:  # noqa: BLE001 - whatever a server or a driver library raises is kept
            self._put_back(taken, error)
            return
        with self._changed:
            self._busy, self._failures, self._connection_lost = False, 0, False
            self._done_at = time.monotonic()
            self._alone.difference_update(taken)

    def _put_back(self, taken: dict[str, Job | _ItemToWrite[Item]], error: Exception) -> None:
        with self._changed:
            self._busy, self._error = False, error
            self._failures += 1
            if self._closing and self._may_pass(error):
                self._last_tries.subtract(taken.keys())
                self._again_at = time.monotonic() + min(0.1 * self._failures, LAST_PAUSE_S)
            if connection_error(error):
                self._connection_lost = True
                self._changed.notify_all()
            self._alone.update(taken)
            for key, job in taken.items():
                self._jobs.setdefault(key, job)
        if self._failures > 1:
            self._warn_once(error)

    def _warn_once(self, error: Exception) -> None:
        with self._changed:
            first, self._warned = not self._warned, True
        if first:
            self._on_trouble(error)


def connection_error(error: BaseException | None) -> OSError | None:
    """The time-out or lost connection that an error is or was caused by; None for every other error."""
    while error is not None:
        if isinstance(error, (TimeoutError, ConnectionError, socket.gaierror)):
            return error
        error = error.__cause__ or error.__context__
    return None
