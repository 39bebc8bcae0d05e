"""What the failure of a Spark job means."""

import re

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


def cause_of(error: Exception) -> Exception:
    """What a failed job of a live context means: lost workers, a cancelled job or an unfit cluster."""
    cause = _readable(str(error))
    if "SPARK_JOB_CANCELLED" in cause:
        return Cancelled(cause)
    for sign, way_out in UNFIT.items():
        if sign in cause:
            return LaunchError(f"{way_out}; Spark said: {cause}")
    if "exited unexpectedly" in cause and "Fatal Python error" not in cause:
        cause += f"\n{SILENT_DEATH}"
    attempts = re.search(r"failed (\d+) times", cause)  # Spark made so many before it gave the job up
    return WorkerLost(crash_excerpt(cause), int(attempts[1]) if attempts else 1)


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
