"""A job by spark-submit, as a user would run it, but with JVMs that start quickly."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pyspark

from tests.launch.quick_java import quick_java

JOBS = Path(__file__).parents[2] / "jobs"
SUBMIT = Path(pyspark.__file__).parent / "bin" / "spark-submit"


def submit(
    master: str, folder: Path, job: str, *arguments: str, options: tuple[str, ...] = (), **python: str
) -> str:
    """Run a job in a folder until its end; gives what it printed, which has no stack trace of Java or Python.

    `options` are spark-submit's, `python` environment variables in the place of this Python's.
    """
    process = started(master, folder, job, *arguments, options=options, **python)
    printed, errors = process.communicate(timeout=300)
    assert process.returncode == 0, printed[-3000:] + errors[-5000:]
    assert not re.search(r"^\s+at [\w.$]+\(|Traceback|Exception| ERROR ", printed + errors, re.MULTILINE), (
        printed[-3000:] + errors[-5000:]
    )
    return printed


def started(
    master: str, folder: Path, job: str, *arguments: str, options: tuple[str, ...] = (), **python: str
) -> "subprocess.Popen[str]":
    """The same under way, in a process group of its own as a terminal would have it."""
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.executor.extraJavaOptions": quick_java(),
    }
    words = ["--master", master, *(word for item in settings.items() for word in ("--conf", "=".join(item)))]
    ours = {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable, **python}
    return subprocess.Popen(
        [str(SUBMIT), *words, *options, str(JOBS / job), *arguments],
        cwd=folder,
        env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", **ours},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
