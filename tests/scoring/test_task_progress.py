"""How far Spark has come with a table that is written at once."""

import threading
import time
from typing import Any

import pytest

from sparktune.scoring.task_progress import tasks_shown


def test_tasks_that_are_done_are_shown_until_the_end(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sparktune.scoring.task_progress.SECONDS", 0.02)
    shown: list[str] = []
    with tasks_shown(spark, shown.append):
        spark.sparkContext.parallelize(range(6), 6).foreach(lambda _: time.sleep(0.2))
    assert set(shown) <= {f"{done} of 6 tasks" for done in range(7)} and len(shown) > 1
    assert shown == sorted(set(shown)), "more with each line"
    assert "sparktune-tasks" not in {thread.name for thread in threading.enumerate()}


def test_what_cannot_be_asked_any_more_ends_nothing(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sparktune.scoring.task_progress.SECONDS", 0.001)
    asked = threading.Event()

    def closed(line: str) -> None:
        asked.set()
        raise BrokenPipeError

    with tasks_shown(spark, closed):
        spark.sparkContext.parallelize(range(2), 2).foreach(lambda _: time.sleep(0.2))
    assert asked.is_set()
