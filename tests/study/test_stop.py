import math
import os
import signal
import sys
import threading
import time

import numpy as np
import pytest

from sparktune.errors import InputError
from sparktune.signals import SAME_WISH_SECONDS, ended_by_signals
from sparktune.study.stop import Stop, check_timeout, interruptible


@pytest.mark.parametrize("timeout", [None, 0.5, 60, 1e9, np.float32(2), np.int64(3)])
def test_a_number_of_seconds_is_a_timeout(timeout):
    check_timeout(timeout)


@pytest.mark.parametrize(
    "timeout", [0, -1, 0.0, True, False, "x", "3", math.nan, math.inf, -math.inf, 10**400, [1], 1j]
)
def test_what_is_no_time_limit_is_refused(timeout):
    with pytest.raises(InputError, match="timeout must be a positive, finite number of seconds, but got"):
        check_timeout(timeout)


def test_no_wish_at_first():
    assert Stop().reason is None


def test_the_timeout_is_a_reason_once_it_has_passed():
    stop = Stop(timeout=0.02)
    time.sleep(0.05)
    assert stop.reason is None, "the clock has not been started"
    stop.start_clock()
    assert stop.reason is None
    time.sleep(0.05)
    stop.start_clock()
    assert stop.reason == "timeout"


def test_a_wait_never_outlasts_the_deadline_or_a_second():
    assert Stop().remaining == 1.0
    for timeout, most in ((0.5, 0.5), (1e-9, 0.01)):
        stop = Stop(timeout)
        stop.start_clock()
        assert 0 < stop.remaining <= most


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_wakes(number):
    stop, woken = Stop(), []
    with interruptible(stop, wake=lambda: woken.append(True)):
        os.kill(os.getpid(), number)
        time.sleep(0.01)
    assert stop.reason == "interrupt"
    assert woken == [True]


@pytest.mark.parametrize("closed", [True, False])
def test_a_signal_asks_where_there_is_no_standard_error(monkeypatch, tmp_path, closed):
    stop = Stop()
    with (tmp_path / "errors").open("w") as file:
        monkeypatch.setattr(sys, "stderr", file if closed else None)
    with interruptible(stop):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)
    assert stop.reason == "interrupt"


def test_the_second_ctrl_c_is_a_keyboard_interrupt():
    with pytest.raises(KeyboardInterrupt), interruptible(Stop(), wake=lambda: None):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)


def test_a_signal_that_follows_at_once_cuts_no_cleaning_up_short():
    with ended_by_signals():
        with interruptible(Stop()):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(SAME_WISH_SECONDS + 0.1)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)


def test_the_former_handlers_come_back():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with interruptible(Stop(), wake=lambda: None):
        assert signal.getsignal(signal.SIGINT) is not before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_other_threads_leave_signals_alone():
    seen = []

    def enter() -> None:
        with interruptible(Stop(), wake=lambda: None):
            seen.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]
