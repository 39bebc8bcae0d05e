"""SIGTERM and SIGHUP ask for the same end as Ctrl-C; a process may end with its parent."""

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
SET_PARENT_DEATH_SIGNAL = 1  # of prctl(2)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Meanwhile SIGTERM and SIGHUP raise KeyboardInterrupt, as Ctrl-C does.

    One that follows another within a second says nothing new, as service managers send both: cleaning up is
    not cut short. A signal that is ignored, under `nohup` say, or has a handler keeps its meaning. Nothing
    changes outside the main thread, where Python takes no signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    last = -SAME_WISH_SECONDS

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal last
        leave_terminal(number)
        before, last = last, time.monotonic()
        if last - before > SAME_WISH_SECONDS:
            raise KeyboardInterrupt

    ours = [number for number in ENDING if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def ending_signals() -> list[signal.Signals]:
    """Signals that may be given a handler: not those that this process was started to ignore."""
    return [
        number
        for number in ENDING
        if number is signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN
    ]


def leave_terminal(number: int) -> None:
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
