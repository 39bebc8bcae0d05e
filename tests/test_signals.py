"""SIGTERM and SIGHUP mean what Ctrl-C means."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from sparktune.signals import SAME_WISH_SECONDS, ended_by_signals, ending_signals, raise_lost_interrupt


@pytest.fixture(autouse=True)
def usual_meaning() -> Iterator[None]:
    """That of a process which was not started to ignore them."""
    usual = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    former = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


def sent(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
    time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_interrupts_and_its_former_meaning_returns(number: signal.Signals) -> None:
    former = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), ended_by_signals():
        sent(number)
    assert signal.getsignal(number) is former


def test_an_interrupt_that_was_cleared_is_raised_again() -> None:
    with ended_by_signals():
        raise_lost_interrupt()
        with ended_by_signals(), suppress(KeyboardInterrupt):  # as libraries in C do
            sent(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            raise_lost_interrupt()
    raise_lost_interrupt()


def test_signals_that_come_together_interrupt_once() -> None:
    with ended_by_signals():
        with pytest.raises(KeyboardInterrupt):
            sent(signal.SIGTERM)
        sent(signal.SIGHUP)
        time.sleep(SAME_WISH_SECONDS + 0.1)
        with pytest.raises(KeyboardInterrupt):
            sent(signal.SIGTERM)


def test_only_another_ctrl_c_interrupts_right_after_ctrl_c() -> None:
    with ended_by_signals():
        with pytest.raises(KeyboardInterrupt):
            sent(signal.SIGINT)
        sent(signal.SIGHUP)
        sent(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            sent(signal.SIGINT)


def test_what_others_handle_or_ignore_stays_so() -> None:
    seen: list[int] = []
    handlers = {signal.SIGTERM: lambda number, frame: seen.append(number), signal.SIGHUP: signal.SIG_IGN}
    former = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        with ended_by_signals():
            sent(signal.SIGTERM)
            sent(signal.SIGHUP)
            assert ending_signals() == [signal.SIGINT, signal.SIGTERM]
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    assert seen == [signal.SIGTERM]


def test_other_threads_change_nothing() -> None:
    def run() -> None:
        with ended_by_signals():
            found.append(signal.getsignal(signal.SIGTERM))

    found: list[object] = []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [signal.SIG_DFL]


LEFT = """
import os, signal, time
from sparktune.signals import ended_by_signals
terminal, other = os.openpty()
os.dup2(other, 1)
os.close(other)
try:
    with ended_by_signals():
        os.close(terminal)
        os.kill(os.getpid(), signal.SIGHUP)
        time.sleep(5)
except KeyboardInterrupt:
    print("nobody reads this", flush=True)
    raise SystemExit(130)
"""


def test_output_to_a_terminal_that_is_gone_is_no_error() -> None:
    done = subprocess.run([sys.executable, "-c", LEFT], stderr=subprocess.PIPE, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (130, "")
