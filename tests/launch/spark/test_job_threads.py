"""Driver threads that are used again."""

import threading

from pyspark.sql import SparkSession

from sparktune.launch.spark.job_threads import JobThreads

PATIENCE = 10


def test_calls_run_at_once_and_threads_are_used_again(spark: SparkSession) -> None:
    threads, meeting, seen = JobThreads(), threading.Barrier(4), set()

    def call() -> None:
        seen.add(threading.get_ident())
        meeting.wait(PATIENCE)

    for _ in range(20):
        for _ in range(3):
            threads.do(call)
        meeting.wait(PATIENCE)
    threads.dismiss()
    assert 3 <= len(seen) < 60
