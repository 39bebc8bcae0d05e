"""How far Spark has come with a table that is written at once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

SECONDS = 5.0  # between two lines


@contextmanager
def tasks_shown(spark: Any, show: Callable[[str], None]) -> Iterator[None]:
    """Within the context, show every few seconds how many tasks of the running stages are done, if new."""
    ended = threading.Event()

    def watch() -> None:
        shown = ""
        with suppress(Exception):  # Spark has ended, or is one of Spark Connect
            tracker = spark.sparkContext.statusTracker()
            while not ended.wait(SECONDS):
                stages = [*filter(None, map(tracker.getStageInfo, tracker.getActiveStageIds()))]
                done, tasks = sum(s.numCompletedTasks for s in stages), sum(s.numTasks for s in stages)
                line = f"{done} of {tasks} tasks"
                if stages and line != shown and not ended.is_set():
                    show(line)
                    shown = line

    watching = threading.Thread(target=watch, name="sparktune-tasks", daemon=True)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join(1.0)  # no longer, as Spark may hang
