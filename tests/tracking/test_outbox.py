"""Work behind the study's back."""

import os
import signal
import threading
import time
from contextlib import nullcontext

import pytest

from sparktune.tracking.outbox import Outbox, connection_error


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
def outbox(troubles: list[Exception]) -> Outbox[str]:
    return Outbox("test-outbox", troubles.append, nullcontext(), write=print)


def test_jobs_are_done_in_order_and_a_later_job_of_the_same_key_replaces_an_earlier_one(
    outbox: Outbox[str],
) -> None:
    done: list[str] = []
    for key, name in [("a", "first"), ("b", "second"), ("a", "instead of first")]:
        outbox.put(key, lambda name=name: done.append(name))  # type: ignore[misc]
    outbox.start()
    assert outbox.close(5)
    assert done == ["instead of first", "second"]


def test_a_job_that_failed_once_is_done_again_without_a_word(
    outbox: Outbox[str], troubles: list[Exception]
) -> None:
    job = Failing(1)
    outbox.put("a", job)
    outbox.start()
    deadline = time.monotonic() + 10
    while not job.done and time.monotonic() < deadline:
        time.sleep(0.05)
    assert outbox.close(5)
    assert (job.done, troubles) == (1, [])


def test_a_failing_job_does_not_hold_up_the_others(outbox: Outbox[str]) -> None:
    failing, good = Failing(9), Failing(0)
    outbox.put("a", failing)
    outbox.put("b", good)
    outbox.start()
    assert not outbox.close(5)
    assert (failing.done, good.done) == (0, 1)


def test_trouble_is_told_once(outbox: Outbox[str], troubles: list[Exception]) -> None:
    for key in "abc":
        outbox.put(key, Failing(9))
    outbox.start()
    started = time.monotonic()
    assert not outbox.close(5)
    assert not outbox.close(5)
    assert time.monotonic() - started < 3
    assert [str(t) for t in troubles] == ["nobody there"]


def test_items_that_wait_are_written_together_and_what_failed_so_alone(troubles: list[Exception]) -> None:
    calls: list[list[str]] = []

    def write(items: list[str]) -> None:
        calls.append(items)
        if "bad" in items:
            raise ValueError("bad")

    outbox: Outbox[str] = Outbox("test-outbox", troubles.append, nullcontext(), write, together=3)
    for key, item in enumerate(["old", "bad", "b", "c", "d"]):
        outbox.put_item(str(key), item)
    outbox.put_item("0", "a")
    outbox.put("job", lambda: calls.append(["job"]))
    outbox.start()
    assert not outbox.close(5)
    assert calls[:6] == [["a", "bad", "b"], ["c", "d"], ["job"], ["a"], ["bad"], ["b"]]
    assert [str(t) for t in troubles] == ["bad"]


def test_close_tries_on_after_failures_that_may_pass(troubles: list[Exception]) -> None:
    passing, refused = Failing(7), Failing(99)
    outbox: Outbox[str] = Outbox(
        "test-outbox", troubles.append, nullcontext(), print, may_pass=lambda error: "busy" in str(error)
    )

    def busy() -> None:
        try:
            passing()
        except ConnectionError:
            raise ValueError("busy") from None

    outbox.put("refused", refused)
    outbox.put("busy", busy)
    outbox.start()
    assert not outbox.close(20)
    assert passing.done == 1
    assert refused.left >= 96  # two tries, and perhaps one before closing


def test_close_tries_on_only_for_its_time() -> None:
    tries: list[float] = []
    outbox: Outbox[str] = Outbox(
        "test-outbox", lambda error: None, nullcontext(), print, may_pass=lambda error: True
    )

    def busy() -> None:
        tries.append(time.monotonic())
        raise ValueError("busy")

    outbox.put("busy", busy)
    outbox.start()
    started = time.monotonic()
    assert not outbox.close(1.5)
    assert 1.4 < time.monotonic() - started < 5
    outbox._thread.join(10)
    assert not outbox._thread.is_alive()
    assert 3 <= len(tries) <= 8


def test_close_waits_no_longer_than_its_timeout(outbox: Outbox[str], troubles: list[Exception]) -> None:
    release = threading.Event()
    outbox.put("a", lambda: release.wait(30) and None)
    outbox.put("b", lambda: None)
    outbox.start()
    started = time.monotonic()
    assert not outbox.close(0.3)
    assert time.monotonic() - started < 3
    assert "not all was written within 0.3 s" in str(troubles[0])
    release.set()


@pytest.mark.parametrize("before", [True, False], ids=["before close", "while closing"])
def test_close_gives_up_soon_once_a_job_timed_out(
    outbox: Outbox[str], before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sparktune.tracking.outbox.PATIENCE_S", 1.0)
    monkeypatch.setattr("sparktune.tracking.outbox.STALL_S", 1.0)
    release, tries = threading.Event(), []

    def hang() -> None:
        tries.append(time.monotonic())
        if len(tries) == 1:
            time.sleep(0 if before else 0.3)
            raise TimeoutError("no answer")
        release.wait(60)

    outbox.put("a", hang)
    outbox.start()
    if before:
        while not outbox._connection_lost:
            time.sleep(0.01)
    started = time.monotonic()
    assert not outbox.close(30)
    assert 0.9 < time.monotonic() - started < 4
    release.set()


def test_close_waits_for_jobs_that_succeed_after_one_was_lost(
    outbox: Outbox[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sparktune.tracking.outbox.PATIENCE_S", 0.1)
    monkeypatch.setattr("sparktune.tracking.outbox.STALL_S", 0.6)
    outbox.put("failing", Failing(1))
    for key in "abcde":
        outbox.put(key, lambda: time.sleep(0.3))
    outbox.start()
    assert outbox.close(30)


def test_close_that_is_cut_short_leaves_the_rest(
    outbox: Outbox[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    going, release = threading.Event(), threading.Event()

    def slow() -> None:
        going.set()
        release.wait(30)

    def ctrl_c(timeout_s: float) -> None:
        raise KeyboardInterrupt

    outbox.put("a", slow)
    outbox.put("b", lambda: done.append("b"))
    outbox.start()
    assert going.wait(10)
    monkeypatch.setattr(outbox, "_wait_for_end", ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        outbox.close(30)
    release.set()
    outbox._thread.join(10)
    assert done == []


@pytest.mark.parametrize(("asked", "written"), [(30.0, True), (3.0, False)])
def test_ctrl_c_leaves_a_close_that_had_longer_three_seconds(
    outbox: Outbox[str], asked: float, written: bool
) -> None:
    outbox.put("a", lambda: time.sleep(0.6))
    outbox.start()
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        outbox.close(asked)
    assert outbox._ended is written


def test_a_lost_connection_is_seen_behind_other_errors() -> None:
    def raised(inner: Exception) -> Exception:
        try:
            try:
                raise inner
            except (OSError, ValueError):
                raise RuntimeError("API request failed")  # noqa: B904 - as MLflow does
        except RuntimeError as error:
            return error

    reset, late = ConnectionResetError(), TimeoutError()
    assert connection_error(raised(reset)) is reset
    assert connection_error(raised(late)) is late
    assert connection_error(raised(ValueError())) is None


def test_an_outbox_that_was_not_started_closes(outbox: Outbox[str]) -> None:
    assert outbox.close(1)
