"""Work that is done behind the study's back: one thread, in order, again after errors."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")
Job = Callable[[], None]
LONGEST_PAUSE_S = 60.0
GATHER_S = 0.25
LAST_TRIES = 2  # while closing; failures that may pass are not counted
LAST_PAUSE_S = 1.0
PATIENCE_S = 5.0
STALL_S = 12.0  # a request's 10 s, and a moment for the next one


@dataclass(frozen=True)
class _Letter(Generic[Item]):
    """An item to write, with others where that may be."""

    item: Item


class Outbox(Generic[Item]):
    """Does jobs and writes items one after the other in a background thread.

    A job that raises is done again, behind the others and after a pause that grows from 1 to 60 s while
    nothing succeeds. Items are written by one call of `write` for at most `together` of them; where that may
    be several, 0.25 s go by for more to come. What failed together is written alone. `on_trouble` is called
    once: with the error of the second failure in a row, or at the end if anything was left undone. `around`
    is entered for the life of the thread. `may_pass` tells the errors after which trying on makes sense even
    at the end, as the other side answers and may do better the next time; none by default.
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
        self._changed = threading.Condition()
        self._may_pass = may_pass
        self._again_at = 0.0
        self._write = write
        self._together = together
        self._jobs: dict[str, Job | _Letter[Item]] = {}
        self._alone: set[str] = set()
        self._busy = False
        self._failures = 0
        self._lost = False
        self._done_at = 0.0
        self._ended = False
        self._last_tries: Counter[str] = Counter()
        self._closing = False
        self._abandoned = False
        self._error: Exception | None = None
        self._told = False
        self._on_trouble = on_trouble
        self._around = around
        # A daemon, so that a server that hangs cannot keep the driver from ending.
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
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
            self._jobs[key] = _Letter(item)
            self._changed.notify_all()

    def close(self, timeout_s: float) -> bool:
        """Do what is left for at most `timeout_s`; whether all was done.

        Each job is tried at most twice, and again and again after failures that may pass. Where a job timed
        out or lost its connection, gives up as soon as 5 s have passed here and 12 s since the last job that
        was done.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            try:
                if self._thread.ident is not None:
                    self._wait(timeout_s)
            finally:
                self._abandoned = True
                self._changed.notify_all()
            done = not self._jobs and not self._busy
        if not done:
            self._tell(self._error or TimeoutError(f"not all was written within {timeout_s:g} s"))
        return done

    def _wait(self, timeout_s: float) -> None:
        """Wait for the thread's end; a condition is waited for, as a join could not be cut short."""
        began = time.monotonic()
        while not self._ended and (left := self._end(began, timeout_s) - time.monotonic()) > 0:
            self._changed.wait(left)

    def _end(self, began: float, timeout_s: float) -> float:
        """When waiting makes no sense any more, as things stand."""
        end = began + timeout_s
        return min(end, max(began + PATIENCE_S, self._done_at + STALL_S)) if self._lost else end

    def _work(self) -> None:
        try:
            with self._around:
                while taken := self._take():
                    self._try(taken)
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _try(self, taken: dict[str, Job | _Letter[Item]]) -> None:
        try:
            self._do([*taken.values()])
        except Exception as error:  # noqa: BLE001 - whatever a server or a driver library raises is kept
            self._failed(taken, error)
        else:
            self._done(taken)

    def _do(self, jobs: list[Job | _Letter[Item]]) -> None:
        """One job, or one item or several."""
        items: list[Item] = []
        for job in jobs:
            if isinstance(job, _Letter):
                items.append(job.item)
            else:
                job()
        if items:
            self._write(items)

    def _take(self) -> dict[str, Job | _Letter[Item]]:
        """What to do next; nothing at the end."""
        with self._changed:
            self._changed.wait_for(self._may_go_on, self._pause())
            self._changed.wait_for(lambda: self._jobs or self._closing)
            if self._closing:
                self._changed.wait_for(lambda: self._abandoned, max(0.0, self._again_at - time.monotonic()))
            key = next((k for k in self._jobs if self._last_tries[k] < LAST_TRIES), None)
            if key is None or self._abandoned:
                return {}
            self._busy = True
            keys = self._alike(key)
            self._last_tries.update(keys if self._closing else ())
            return {key: self._jobs.pop(key) for key in keys}

    def _pause(self) -> float:
        """Seconds to the next job."""
        if self._failures:
            return min(2.0 ** (self._failures - 1), LONGEST_PAUSE_S)
        return GATHER_S if self._together > 1 and not self._alone else 0.0

    def _may_go_on(self) -> bool:
        """Whether no pause is called for any more."""
        return self._closing or (not self._failures and len(self._jobs) >= self._together)

    def _alike(self, key: str) -> list[str]:
        """The key, and those of items that may be written with its own."""
        shared = [k for k, job in self._jobs.items() if isinstance(job, _Letter) and k not in self._alone]
        return shared[: self._together] if key in shared else [key]

    def _done(self, taken: Iterable[str]) -> None:
        with self._changed:
            self._busy, self._failures, self._lost = False, 0, False
            self._done_at = time.monotonic()
            self._alone.difference_update(taken)

    def _failed(self, taken: dict[str, Job | _Letter[Item]], error: Exception) -> None:
        with self._changed:
            self._busy, self._error = False, error
            self._failures += 1
            if self._closing and self._may_pass(error):
                self._last_tries.subtract(taken.keys())
                self._again_at = time.monotonic() + min(0.1 * self._failures, LAST_PAUSE_S)
            if lost(error):
                self._lost = True
                self._changed.notify_all()
            self._alone.update(taken)
            for key, job in taken.items():
                self._jobs.setdefault(key, job)
        if self._failures > 1:
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        with self._changed:
            first, self._told = not self._told, True
        if first:
            self._on_trouble(error)


def lost(error: BaseException | None) -> OSError | None:
    """The time-out or the lost connection that an error is or that lies behind it; None if there is none."""
    while error is not None:
        if isinstance(error, (TimeoutError, ConnectionError, socket.gaierror)):
            return error
        error = error.__cause__ or error.__context__
    return None
