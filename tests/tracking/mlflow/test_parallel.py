"""Jobs that wait for each other end only when they are done at once."""

import threading

import pytest

from sparktune.tracking.mlflow.parallel import all_at_once


def test_jobs_are_done_at_once() -> None:
    meeting = threading.Barrier(3, timeout=10)
    met: list[int] = []
    all_at_once([lambda: met.append(meeting.wait())] * 3)
    assert sorted(met) == [0, 1, 2]


def test_a_job_that_raises_holds_up_no_other() -> None:
    done: list[str] = []

    def refuse() -> None:
        raise ValueError("refused")

    with pytest.raises(ValueError, match="refused"):
        all_at_once([refuse, lambda: done.append("b")])
    assert done == ["b"]
    all_at_once([])
