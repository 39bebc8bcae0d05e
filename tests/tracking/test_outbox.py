"""Work behind the study's back."""

import threading
import time
from contextlib import nullcontext

import pytest

from sparktune.tracking.outbox import Outbox


class Failing:
    """A job that fails a number of times, then succeeds."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.done = 0

    def __call__(self) -> None:
        if self.left:
            self.left -= 1
            raise ConnectionError("nobody there")
        self.done += 1


@pytest.fixture
def troubles() -> list[Exception]:
    return []


@pytest.fixture
def outbox(troubles: list[Exception]) -> Outbox:
    return Outbox("test-outbox", troubles.append, nullcontext())


def test_jobs_are_done_in_order_and_a_later_job_of_the_same_key_replaces_an_earlier_one(
    outbox: Outbox,
) -> None:
    done: list[str] = []
    for key, name in [("a", "first"), ("b", "second"), ("a", "instead of first")]:
        outbox.put(key, lambda name=name: done.append(name))  # type: ignore[misc]
    outbox.start()
    assert outbox.close(5)
    assert done == ["instead of first", "second"]


def test_a_job_that_failed_once_is_done_again_without_a_word(
    outbox: Outbox, troubles: list[Exception]
) -> None:
    job = Failing(1)
    outbox.put("a", job)
    outbox.start()
    deadline = time.monotonic() + 10
    while not job.done and time.monotonic() < deadline:
        time.sleep(0.05)
    assert outbox.close(5)
    assert (job.done, troubles) == (1, [])


def test_a_failing_job_does_not_hold_up_the_others(outbox: Outbox) -> None:
    failing, good = Failing(9), Failing(0)
    outbox.put("a", failing)
    outbox.put("b", good)
    outbox.start()
    assert not outbox.close(5)
    assert (failing.done, good.done) == (0, 1)


def test_trouble_is_told_once(outbox: Outbox, troubles: list[Exception]) -> None:
    for key in "abc":
        outbox.put(key, Failing(9))
    outbox.start()
    started = time.monotonic()
    assert not outbox.close(5)
    assert not outbox.close(5)
    assert time.monotonic() - started < 3
    assert [str(t) for t in troubles] == ["nobody there"]


def test_close_waits_no_longer_than_its_timeout(outbox: Outbox, troubles: list[Exception]) -> None:
    release = threading.Event()
    outbox.put("a", lambda: release.wait(30) and None)
    outbox.put("b", lambda: None)
    outbox.start()
    started = time.monotonic()
    assert not outbox.close(0.3)
    assert time.monotonic() - started < 3
    assert "nothing was answered within 0.3 s" in str(troubles[0])
    release.set()


def test_an_outbox_that_was_not_started_closes(outbox: Outbox) -> None:
    assert outbox.close(1)
