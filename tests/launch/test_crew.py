"""Driver threads that are used again."""

import threading

from pyspark.sql import SparkSession

from sparktune.launch.crew import Crew

PATIENCE = 10


def test_calls_run_at_once_and_threads_are_used_again(spark: SparkSession) -> None:
    crew, meeting, seen = Crew(), threading.Barrier(4), set()

    def call() -> None:
        seen.add(threading.get_ident())
        meeting.wait(PATIENCE)

    for _ in range(20):
        for _ in range(3):
            crew.do(call)
        meeting.wait(PATIENCE)
    crew.dismiss()
    assert 3 <= len(seen) < 60
