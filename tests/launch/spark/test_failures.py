"""What Spark's errors mean."""

from sparktune.errors import LaunchError
from sparktune.launch.pending import Cancelled, WorkerLost
from sparktune.launch.spark.failures import cause_of, gone

LOST = """Job aborted due to stage failure: Task 0 in stage 7.0 failed 3 times, most recent failure:
org.apache.spark.SparkException: Python worker exited unexpectedly (crashed)
\tat org.apache.spark.api.python.BasePythonRunner.read(PythonRunner.scala:1)
\t... 22 more
Driver stacktrace:
\tat org.apache.spark.scheduler.DAGScheduler.abort(DAGScheduler.scala:1)"""


def test_lost_workers_are_counted_and_a_silent_death_is_explained() -> None:
    cause = cause_of(RuntimeError(LOST))
    assert isinstance(cause, WorkerLost)
    assert cause.times == 3
    assert "scala" not in str(cause)
    assert "lack of memory" in str(cause)


def test_lost_executors_are_not_blamed_on_the_trial() -> None:
    killed = "ExecutorLostFailure (executor 1 exited caused by one of the running tasks) Reason: code 137"
    cause = cause_of(RuntimeError(LOST.replace("org.apache.spark.SparkException", killed)))
    assert isinstance(cause, WorkerLost)
    assert (cause.times, cause.blameless) == (3, 1)
    asked: list[int] = []

    def two(stage: int) -> int:
        asked.append(stage)
        return 2

    cause = cause_of(RuntimeError(LOST), two)
    assert isinstance(cause, WorkerLost)
    assert (asked, cause.times, cause.blameless) == ([7], 3, 2)


def test_a_cancelled_job_is_no_failure() -> None:
    assert isinstance(cause_of(RuntimeError("[SPARK_JOB_CANCELLED] Job 3 cancelled")), Cancelled)


def test_an_unfit_cluster_is_told_with_the_way_out() -> None:
    cause = cause_of(RuntimeError("ModuleNotFoundError: No module named 'sparktune'"))
    assert isinstance(cause, LaunchError)
    assert "--archives" in str(cause)


def test_a_lost_context_says_how_to_go_on() -> None:
    assert "run the same command again" in str(gone(ConnectionError("refused")))
