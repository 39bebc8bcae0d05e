"""Limits as numbers and words; the launchers' contracts show them at work."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from multiprocessing import Pipe

import pytest

from sparktune.launch.limits import UNLIMITED, Excess, Limits, timed_out
from sparktune.spec import ResourcesSpec
from sparktune.trial import Segment, TrialResult, TrialState
from tests.launch.contract import trial


def test_limits_are_those_of_the_study() -> None:
    assert Limits.of(ResourcesSpec()) == UNLIMITED
    assert not UNLIMITED.exist
    limits = Limits.of(ResourcesSpec(trial_seconds=2.5, memory="2GB"))
    assert limits == Limits(2.5, 2 * 10**9)
    assert limits.exist


def test_what_is_left_is_without_the_segments_before() -> None:
    segment = Segment(trial(), trained_seconds=4.0)
    assert Limits(10.0).seconds_left(segment) == 6.0
    assert Limits(3.0).seconds_left(segment) == 0.0
    assert UNLIMITED.seconds_left(segment) is None


@pytest.mark.parametrize("limits", [UNLIMITED, Limits(60.0, 2**40)])
def test_an_answer_and_the_end_of_a_process_end_the_wait(limits: Limits) -> None:
    ours, theirs = Pipe()
    with ours:
        theirs.send_bytes(b"result")
        assert limits.wait(ours, os.getpid(), Segment(trial())) == 0.0
        assert ours.recv_bytes() == b"result"
        theirs.close()
        assert limits.wait(ours, os.getpid(), Segment(trial())) == 0.0


WATCHER = """
import os
from multiprocessing import Pipe
from sparktune.launch.limits import Limits
from sparktune.trial import Segment
from tests.launch.contract import trial

ours, theirs = Pipe()
print("waits", flush=True)
excess = Limits(1.0).wait(ours, os.getpid(), Segment(trial()))
print(excess.seconds)
"""


def test_time_in_which_the_watcher_stood_still_does_not_count() -> None:
    with subprocess.Popen([sys.executable, "-c", WATCHER], stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        assert watcher.stdout.readline() == "waits\n"
        time.sleep(0.2)
        watcher.send_signal(signal.SIGSTOP)
        time.sleep(1.2)
        watcher.send_signal(signal.SIGCONT)
        again = time.monotonic()
        assert 1.0 <= float(watcher.stdout.readline()) < 1.3
        assert time.monotonic() - again > 0.3


def test_a_trial_whose_segments_took_too_long_goes_on_no_more() -> None:
    paused = TrialResult(3, {}, TrialState.PAUSED, history={"loss": [1.0]}, timings={"train": 5.0})
    paused = replace(paused, checkpoint="3-1.checkpoint")
    assert timed_out(paused, None) is None
    assert timed_out(paused, 5.1) is None
    late = timed_out(paused, 5.0)
    assert late is not None
    assert (late.state, late.epochs, late.checkpoint) == (TrialState.TIMED_OUT, 1, None)
    assert "may take 5 s, but this one had not ended after 5.0 s; raise the limit" in (late.complaint or "")
    assert timed_out(replace(paused, stood_still=0.5), 5.0) is None
    assert timed_out(replace(paused, stood_still=0.5), 4.5) is not None


def test_an_error_names_the_place_first_and_shows_the_stack() -> None:
    excess = Excess(TrialState.TIMED_OUT, 1.0, "resources.trial_seconds: too long.")
    assert excess.error([]) == "resources.trial_seconds: too long."
    error = excess.error(['  File "/a/b.py", line 7 in build', '  File "/c.py", line 1 in main'])
    result = TrialResult(0, {}, TrialState.TIMED_OUT, error=error)
    assert result.complaint == "resources.trial_seconds: too long. It was in build (b.py, line 7)."
    assert '  File "/c.py", line 1 in main' in error
