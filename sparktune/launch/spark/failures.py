"""What the failure of a Spark job means."""

import re
from collections.abc import Callable

from sparktune.errors import LaunchError
from sparktune.launch.crash import crash_excerpt
from sparktune.launch.pending import Cancelled, WorkerLost

SILENT_DEATH = (
    "the Python worker left no stack: it was killed, by a lack of memory perhaps, or left by os._exit; "
    "spark.python.worker.faulthandler.enabled=true shows where others crash"
)
UNFIT = {
    "No module named 'sparktune": "the executors lack sparktune; ship a packed environment with --archives",
    "PYTHON_VERSION_MISMATCH": "executors and driver must run the same Python; set PYSPARK_PYTHON",
    "Cannot run program": "the executors find no Python; set PYSPARK_PYTHON to one that exists there",
}


def cause_of(error: Exception, lost_executors: Callable[[int], int] = lambda stage: 0) -> Exception:
    """What a failed job of a live context means: lost workers, a cancelled job or an unfit cluster.

    `lost_executors` says how many attempts of a stage ended with their executor; Spark names the last one.
    """
    cause = _readable(str(error))
    if "SPARK_JOB_CANCELLED" in cause:
        return Cancelled(cause)
    for sign, way_out in UNFIT.items():
        if sign in cause:
            return LaunchError(f"{way_out}; Spark said: {cause}")
    if "exited unexpectedly" in cause and "Fatal Python error" not in cause:
        cause += f"\n{SILENT_DEATH}"
    stage = re.search(
        r"in stage (\d+)\.\d+ failed (\d+) times", cause
    )  # so many before Spark gave the job up
    times = int(stage[2]) if stage else 1
    lost = max(int("ExecutorLostFailure" in cause), lost_executors(int(stage[1])) if stage else 0)
    return WorkerLost(crash_excerpt(cause), times, min(times, lost))


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
