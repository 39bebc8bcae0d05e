"""SIGTERM and SIGHUP ask for the same end as Ctrl-C; a process may end with its parent."""

import math
import os
import signal
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SAME_WISH_SECONDS = 1.0
_last_signal = -math.inf  # when one came, by the monotonic clock, whichever handler took it
_raised = False  # whether a signal has raised KeyboardInterrupt in an `ended_by_signals` that goes on
SET_PARENT_DEATH_SIGNAL = 1  # of prctl(2)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Meanwhile SIGTERM and SIGHUP raise KeyboardInterrupt, as Ctrl-C does.

    One that follows another, or Ctrl-C, within a second says nothing new, as service managers send several:
    cleaning up is not cut short, whichever handler has taken the first one. A signal that is ignored, under
    `nohup` say, or has a handler of its own keeps its meaning. Nothing changes outside the main thread, where
    Python takes no signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    global _last_signal, _raised

    def interrupt(number: int, frame: FrameType | None) -> None:
        global _raised
        if note_signal(number) or number == signal.SIGINT:
            _raised = True
            raise KeyboardInterrupt

    usual = (signal.SIG_DFL, signal.default_int_handler)
    former = {number: handler for number in ENDING if (handler := signal.getsignal(number)) in usual}
    if former:
        _last_signal = -math.inf
    for number in former:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        _raised = _raised and not former


def raise_lost_interrupt() -> None:
    """Raise KeyboardInterrupt again if a signal's was lost within `ended_by_signals`, which has not ended.

    Libraries in C may clear it while they are imported, with the errors of what they try.
    """
    if _raised and threading.current_thread() is threading.main_thread():
        raise KeyboardInterrupt


def ending_signals() -> list[signal.Signals]:
    """Signals that may be given a handler: not those that this process was started to ignore."""
    return [
        number
        for number in ENDING
        if number is signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN
    ]


def note_signal(number: int) -> bool:
    """For every handler of these signals: note that one came; whether none did in the second before it."""
    global _last_signal
    _leave_terminal(number)
    before, _last_signal = _last_signal, time.monotonic()
    return _last_signal - before > SAME_WISH_SECONDS


def _leave_terminal(number: int) -> None:
    """After SIGHUP, output that went to the terminal, which is gone, goes nowhere instead of failing."""
    if number != signal.SIGHUP:
        return
    for descriptor in (1, 2):
        with suppress(OSError):
            if stat.S_ISCHR(os.fstat(descriptor).st_mode):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, descriptor)
                os.close(nowhere)


def end_with_parent() -> None:
    """Let the kernel SIGKILL this process when its parent ends, where it can: on Linux."""
    import ctypes

    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
