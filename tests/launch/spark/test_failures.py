"""What Spark's errors mean."""

import pytest

from sparktune.errors import LaunchError
from sparktune.launch.memory import NO_MEMORY
from sparktune.launch.pending import Cancelled, WorkerLost
from sparktune.launch.spark.failures import CONTAINER_NO_MEMORY, cause_of, ends_of_attempts, gone
from sparktune.trial import TrialState

LOST = """Job aborted due to stage failure: Task 0 in stage 7.0 failed 3 times, most recent failure:
org.apache.spark.SparkException: Python worker exited unexpectedly (crashed)
\tat org.apache.spark.api.python.BasePythonRunner.read(PythonRunner.scala:1)
\t... 22 more
Driver stacktrace:
\tat org.apache.spark.scheduler.DAGScheduler.abort(DAGScheduler.scala:1)"""
STACK = """Fatal Python error: Segmentation fault

Current thread 0x1 (most recent call first):
  File "works.py", line 1 in deep
"""


def test_lost_workers_are_counted() -> None:
    cause = cause_of(RuntimeError(LOST))
    assert isinstance(cause, WorkerLost)
    assert (cause.times, cause.state) == (3, TrialState.FAILED)
    assert "scala" not in str(cause)


def test_the_end_of_a_worker_comes_first() -> None:
    how = "the Python worker was killed by SIGSEGV"
    watched = cause_of(RuntimeError(LOST.replace("(crashed)", f"(crashed): {how}\n{STACK}")))
    assert str(watched).startswith(f"{how}\nSpark said: Job aborted")
    assert str(watched).endswith("in deep")
    killed = cause_of(RuntimeError(LOST.replace("(crashed)", f"(crashed): {how}\n{NO_MEMORY}")))
    assert isinstance(killed, WorkerLost)
    assert killed.state is TrialState.OUT_OF_MEMORY


def test_where_nobody_watched_the_end_is_said_to_be_unknown() -> None:
    assert str(cause_of(RuntimeError(LOST))).startswith("how the Python worker ended is not known here")
    crashed = cause_of(RuntimeError(LOST.replace("(crashed)", f"(crashed): {STACK}")))
    assert "not known" not in str(crashed)


def test_ends_of_attempts_are_one_line_each() -> None:
    ended, lost = "x (crashed): the Python worker exited with code 3", "ExecutorLostFailure (executor 1)"
    ends = [f"{ended}\n\tat a.B", f"{lost}\nmore", ""]
    assert ends_of_attempts(ends) == f"the Python worker exited with code 3\n{lost}"


def test_lost_executors_are_not_blamed_on_the_trial() -> None:
    killed = "ExecutorLostFailure (executor 1 exited caused by one of the running tasks) Reason: code 137"
    cause = cause_of(RuntimeError(LOST.replace("org.apache.spark.SparkException", killed)))
    assert isinstance(cause, WorkerLost)
    assert (cause.times, cause.blameless) == (3, 1)
    asked: list[int] = []

    def two(stage: int) -> list[str]:
        asked.append(stage)
        return [killed, "another", killed]

    cause = cause_of(RuntimeError(LOST), two)
    assert isinstance(cause, WorkerLost)
    assert (asked, cause.times, cause.blameless) == ([7], 3, 2)


YARN = (
    "Container killed by YARN for exceeding {}memory limits. 9.1 GB of 9 GB physical memory used. "
    "Consider boosting spark.executor.memoryOverhead."
)
KUBERNETES = """
The executor with id 1 exited with exit code 137(SIGKILL, possible container OOM).



The API gave the following container statuses:


\t container name: spark-kubernetes-executor
\t container image: spark-py:4
\t container state: terminated
\t container started at: 2026-01-15T06:29:01Z
\t container finished at: 2026-01-15T07:53:48Z
\t exit code: 137
\t termination reason: {}
"""
EXECUTOR = "ExecutorLostFailure (executor 1 exited caused by one of the running tasks) Reason: "


@pytest.mark.parametrize(
    "reason",
    [
        YARN.format("physical "),
        YARN.format("virtual "),
        YARN.format(""),
        KUBERNETES.format("OOMKilled"),
        "\nThe executor with id 1 exited with exit code 137.\nterminated=(exitCode=137, reason=OOMKilled)",
    ],
)
def test_a_container_without_memory_costs_an_attempt_and_says_what_to_set(reason: str) -> None:
    text = LOST.replace(
        "org.apache.spark.SparkException: Python worker exited unexpectedly", EXECUTOR + reason
    )
    killed = EXECUTOR + "Command exited with code 137"
    cause = cause_of(RuntimeError(text), lambda stage: [EXECUTOR + reason, killed, EXECUTOR + reason])
    assert isinstance(cause, WorkerLost)
    assert (cause.times, cause.blameless, cause.state) == (3, 1, TrialState.OUT_OF_MEMORY)
    assert str(cause).startswith(f"{CONTAINER_NO_MEMORY}\nSpark said: Job aborted")


@pytest.mark.parametrize(
    "reason",
    [
        "Command exited with code 137",
        "Remote RPC client disassociated. Likely due to containers exceeding thresholds, or network issues.",
        KUBERNETES.format("Error"),
    ],
)
def test_an_executor_that_was_just_killed_is_not_blamed_on_the_trial(reason: str) -> None:
    cause = cause_of(RuntimeError(LOST), lambda stage: [EXECUTOR + reason] * 3)
    assert isinstance(cause, WorkerLost)
    assert (cause.times, cause.blameless, cause.state) == (3, 3, TrialState.FAILED)


def test_executors_that_are_all_excluded_are_not_blamed_on_the_trial() -> None:
    excluded = """Job aborted due to stage failure:
Aborting TaskSet 4.0 because task 0 (partition 0)
cannot run anywhere due to node and executor excludeOnFailure.
Most recent failure:
"""
    cause = cause_of(RuntimeError(excluded))
    assert isinstance(cause, WorkerLost)
    assert (cause.times, cause.blameless) == (1, 1)
    assert "set spark.excludeOnFailure.enabled=false" in str(cause)
    own = cause_of(RuntimeError(f"{excluded}Lost task 0.0 in stage 4.0: Python worker exited unexpectedly"))
    assert isinstance(own, WorkerLost)
    assert own.blameless == 0


def test_a_cancelled_job_is_no_failure() -> None:
    assert isinstance(cause_of(RuntimeError("[SPARK_JOB_CANCELLED] Job 3 cancelled")), Cancelled)


def test_an_unfit_cluster_is_told_with_the_way_out() -> None:
    cause = cause_of(RuntimeError("ModuleNotFoundError: No module named 'sparktune'"))
    assert isinstance(cause, LaunchError)
    assert "--archives" in str(cause)


def test_a_lost_context_says_how_to_go_on() -> None:
    assert "run the same command again" in str(gone(ConnectionError("refused")))
