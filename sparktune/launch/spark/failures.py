"""What the failure of a Spark job means."""

import re
from collections.abc import Callable, Sequence

from sparktune.errors import LaunchError
from sparktune.launch.crash import crash_excerpt
from sparktune.launch.memory import NO_MEMORY
from sparktune.launch.pending import Cancelled, WorkerLost
from sparktune.launch.spark.watched_daemon import WORKER_ENDED
from sparktune.trial import TrialState

NOT_KNOWN = (
    "how the Python worker ended is not known here; Spark says it with "
    "spark.python.daemon.module=sparktune.launch.spark.watched_daemon and "
    "spark.python.worker.faulthandler.enabled=true, as sessions that sparktune opens have them"
)
EXECUTOR_LOST = "ExecutorLostFailure"
WORKER_LOST = "Python worker exited unexpectedly"
CONTAINER_FULL = re.compile(  # said of an executor on YARN, or on Kubernetes
    r"Container killed by YARN for exceeding (?:physical |virtual )?memory limits"
    r"|termination reason: OOMKilled|reason=OOMKilled"
)
CONTAINER_NO_MEMORY = (
    "the cluster killed the executor's container, which had no memory left; raise "
    "spark.executor.memoryOverhead, set resources.memory so that a trial ends before, or "
    "lower batch_size or the model's size"
)
EXCLUDED = "cannot run anywhere due to node and executor excludeOnFailure"
ALL_EXCLUDED = (
    "Spark gives no executor more tasks after a trial has ended its worker there; set "
    "spark.excludeOnFailure.enabled=false"
)
HOW = re.compile(rf"{WORKER_ENDED} (?:exited with|was killed by) .*")
UNFIT = {
    "No module named 'sparktune": "the executors lack sparktune; ship a packed environment with --archives",
    "PYTHON_VERSION_MISMATCH": "executors and driver must run the same Python; set PYSPARK_PYTHON",
    "Cannot run program": "the executors find no Python; set PYSPARK_PYTHON to one that exists there",
    f"{LaunchError.__module__}.{LaunchError.__name__}: ": (
        "an executor cannot run trials; put right what is said of it and run the same command again, "
        "finished trials are recorded"
    ),
}


def cause_of(
    error: Exception, errors_of_stage: Callable[[int], Sequence[str]] = lambda stage: ()
) -> Exception:
    """What a failed job of a live context means: lost workers, a cancelled job or an unfit cluster.

    `errors_of_stage` gives what Spark says of each failed attempt of a stage; the error has the last one.
    """
    cause = _readable(str(error))
    if "SPARK_JOB_CANCELLED" in cause:
        return Cancelled(cause)
    for sign, way_out in UNFIT.items():
        if sign in cause:
            return LaunchError(f"{way_out}; Spark said: {cause}")
    stage = re.search(
        r"in stage (\d+)\.\d+ failed (\d+) times", cause
    )  # so many before Spark gave the job up
    times = int(stage[2]) if stage else 1
    errors = errors_of_stage(int(stage[1])) if stage else ()
    blameless = max(sum(map(_is_blameless, errors)), int(_is_blameless(cause)))
    if EXCLUDED in " ".join(cause.split()) and WORKER_LOST not in cause:  # by the ends of other trials
        return WorkerLost(f"{ALL_EXCLUDED}\nSpark said: {crash_excerpt(cause)}", times, blameless=times)
    full = _is_full(cause)
    how = f"{CONTAINER_NO_MEMORY}\nSpark said: {cause}" if full else _with_end_in_front(crash_excerpt(cause))
    state = TrialState.OUT_OF_MEMORY if full or NO_MEMORY in cause else TrialState.FAILED
    return WorkerLost(how, times, min(times, blameless), state)


def ends_of_attempts(errors: Sequence[str]) -> str:
    """How attempts ended that Spark made again, by its messages: one line for each."""
    ends = [found[0] if (found := HOW.search(error)) else error.splitlines()[0] for error in errors if error]
    return "\n".join(ends)


def _is_full(error: str) -> bool:
    """Whether an executor was lost as its container had no memory left, and not just to some SIGKILL."""
    return EXECUTOR_LOST in error and CONTAINER_FULL.search(error) is not None


def _is_blameless(error: str) -> bool:
    """Whether an executor was lost by no fault of the trials that it ran."""
    return EXECUTOR_LOST in error and not _is_full(error)


def _with_end_in_front(cause: str) -> str:
    """Spark's message after what says how a worker ended, where one did that has left no stack."""
    if found := HOW.search(cause):
        return f"{found[0]}\nSpark said: {cause}"
    silent = WORKER_LOST in cause and "Fatal Python error" not in cause
    return f"{NOT_KNOWN}\nSpark said: {cause}" if silent else cause


def gone(error: BaseException) -> LaunchError:
    """The context is lost, and with it what ran."""
    return LaunchError(
        f"the Spark context is gone ({type(error).__name__}: {error}); finished trials are recorded, run the "
        "same command again to resume"
    )


def _readable(text: str) -> str:
    """Spark's message without the Java frames; a crashed worker's own report stays."""
    lines = text.partition("Driver stacktrace:")[0].splitlines()
    return "\n".join(
        line for line in lines if line.strip() and not re.match(r"\s+(at |\.\.\. \d+ more)", line)
    )
