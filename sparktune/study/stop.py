"""What ends a study before its last trial: Ctrl-C, the timeout or a budget."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from numbers import Real
from types import FrameType
from typing import Any, final

from sparktune.errors import InputError
from sparktune.signals import ending_signals, note_signal
from sparktune.summary import Reason

FOREVER = 1e18  # seconds; more than the clock can add
STOPPING = b"\nstopping the trials under way; run the same command again to resume\n"


def check_timeout(timeout: Any) -> None:
    """Refuse what is no time limit: None, or a positive finite number of seconds.

    Raises:
        InputError: it is something else.
    """
    if timeout is None:
        return
    number = isinstance(timeout, Real) and not isinstance(timeout, bool)
    if not (number and 0 < timeout < FOREVER):
        raise InputError(
            f"timeout must be a positive, finite number of seconds, but got {timeout!r}; "
            "leave it out for none"
        )


@final
class Stop:
    """A wish to stop, made once and never taken back; `reason` is None while there is none.

    Args:
        timeout: seconds, from `start_clock` on, after which there is one.
        budget: another such number; the smaller one counts.
    """

    def __init__(self, timeout: float | None = None, budget: float | None = None) -> None:
        self._timeout = min((limit for limit in (timeout, budget) if limit is not None), default=None)
        self._deadline: float | None = None
        self._interrupted = threading.Event()
        self._spent: Reason | None = None

    @property
    def reason(self) -> Reason | None:
        """Why the study should end now."""
        if self._interrupted.is_set():
            return "interrupt"
        if self._spent:
            return self._spent
        late = self._deadline is not None and time.monotonic() >= self._deadline
        return "timeout" if late else None

    @property
    def remaining(self) -> float:
        """Seconds that a wait may last before `reason` must be looked at again, at most one."""
        left = 1.0 if self._deadline is None else self._deadline - time.monotonic()
        return min(max(left, 0.01), 1.0)

    def start_clock(self) -> None:
        """The timeout counts from now on; from the first call where there are several."""
        if self._timeout is not None and self._deadline is None:
            self._deadline = time.monotonic() + self._timeout

    def end(self, spent: Reason | None) -> None:
        """Wish the study to stop because this budget is used up; None is no wish."""
        self._spent = self._spent or spent

    def interrupt(self) -> None:
        """Wish the study to stop."""
        self._interrupted.set()


@contextmanager
def interruptible(stop: Stop, wake: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Turn Ctrl-C, SIGTERM or SIGHUP into a stop; a second Ctrl-C is a KeyboardInterrupt, as ever.

    PySpark's own handler would cancel every job of the context, also those of others. SIGHUP that is ignored,
    under `nohup` say, stays so. Nothing changes outside the main thread, where Python takes no signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: FrameType | None) -> None:
        note_signal(number)
        if stop.reason == "interrupt":
            if number == signal.SIGINT:
                raise KeyboardInterrupt
            return
        stop.interrupt()
        wake()
        # spark-submit, which passes it on, may have ended first, or there may be no such file
        with suppress(OSError, AttributeError, ValueError):
            os.write(sys.stderr.fileno(), STOPPING)

    former = {number: signal.signal(number, ask) for number in ending_signals()}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
