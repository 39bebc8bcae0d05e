"""The Spark session of those who bring none."""

import locale
import logging
import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from sparktune.errors import LaunchError
from sparktune.launch.forkserver.client import safe_here
from sparktune.launch.jvm.java import HOT_CODE_ONLY, QUICK_START, check_java
from sparktune.launch.payload import ATTEMPTS
from sparktune.launch.spark.configured import configured_options, submitted
from sparktune.signals import ending_signals, note_signal
from sparktune.spec import StudySpec
from sparktune.temporary import driver_folder, temporary_environment

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = logging.getLogger("sparktune")
LOGGING = Path(__file__).with_name("log4j2.properties")
WORKERS = {
    "spark.python.worker.faulthandler.enabled": "true",
    "spark.python.task.killTimeout": "500ms",
}
DAEMON, WITHOUT_TENSORFLOW = "sparktune.launch.spark.daemon", "sparktune.launch.spark.watched_daemon"
LOOPBACK = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "2g",
}


def open_session(
    spec: StudySpec | None = None, app_name: str | None = None, *, preload: bool | None = None
) -> "SparkSession":
    """The active session; else a new one, on this machine's cores unless Spark is configured otherwise.

    The master is that of spark-submit, PYSPARK_SUBMIT_ARGS or spark-defaults.conf, else SPARK_MASTER. Other
    options that these set stay as they are, and Ctrl-C keeps the meaning it had.

    Args:
        spec: names the application after its study.
        app_name: `sparktune` or `sparktune STUDY` by default.
        preload: start Python workers with TensorFlow loaded; by default as the study says, and without one.

    Raises:
        LaunchError: no Java 17 or newer is here to start Spark with, or Spark refuses its settings.
    """
    from pyspark.sql import SparkSession

    active = SparkSession.getActiveSession()
    if active is not None:
        return active
    configured = configured_options()
    here = os.environ.get("SPARK_MASTER") or f"local[*,{ATTEMPTS}]"
    master = None if "spark.master" in configured else here
    if not submitted():
        check_java()
        _let_java_read_utf8()
    builder = SparkSession.builder.appName(
        app_name or (f"sparktune {spec.study.name}" if spec else "sparktune")
    )
    defaults = _defaults(master, spec)
    if safe_here() and "spark.submit.pyFiles" not in configured:  # else this package is shipped with the job
        if preload is None:
            preload = spec is None or spec.resources.preload
        defaults["spark.python.daemon.module"] = DAEMON if preload else WITHOUT_TENSORFLOW
    for key, value in defaults.items():
        if key not in configured:
            builder = builder.config(key, value)
    with _own_interrupt():
        try:
            return (builder.master(master) if master else builder).getOrCreate()
        except Exception as error:  # Spark's refusals come as several Py4J types
            raise LaunchError(f"Spark does not start: {_refusal(error)}") from error


def _defaults(master: str | None, spec: StudySpec | None) -> dict[str, str]:
    """Options of a new session. Workers on this machine run this Python and listen on the loopback only."""
    from sparktune.launch.jvm.class_archive import archive_options  # here, for it is also run as a program

    schedules_only = spec is not None and spec.data.source not in ("table", "query")
    local = master is not None and master.startswith("local")
    options = {"spark.ui.showConsoleProgress": "false", **WORKERS}
    if "IPython" not in sys.modules:  # which is imported for it, in 0.4 s, where it is installed
        options["spark.python.sql.dataFrameDebugging.enabled"] = "false"
    if submitted():  # its JVM runs already: it logs errors only from here on
        options["spark.log.level"] = "ERROR"
    else:
        compiler = QUICK_START if schedules_only else HOT_CODE_ONLY
        java = [f'"-Dlog4j2.configurationFile={LOGGING.as_uri()}"', compiler]
        archive = map(shlex.quote, archive_options()) if local else []
        options["spark.driver.extraJavaOptions"] = " ".join([*java, *archive])
    if not local:
        return options
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    temporary = temporary_environment(driver_folder())
    return options | LOOPBACK | {f"spark.executorEnv.{name}": value for name, value in temporary.items()}


def _let_java_read_utf8() -> None:
    """Where Python takes file names for UTF-8 though the locale is ASCII, the JVM must do so, too."""
    if sys.flags.utf8_mode and locale.getencoding().upper() != "UTF-8":
        os.environ["LC_ALL"] = "C.UTF-8"


def _refusal(error: Exception) -> str:
    """What Spark says of settings that it refuses, without the Java frames."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = [line for line in lines if line and not line.startswith(("at ", "An error occurred", "..."))]
    return said[0].removeprefix(": ") if said else type(error).__name__


@contextmanager
def _own_interrupt() -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP wait for the JVM's start; a second Ctrl-C leaves it alone.

    PySpark's own handler does not stay: it would cancel every job of the context, not the study's alone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = threading.Event()

    def wait(number: int, frame: FrameType | None) -> None:
        note_signal(number)
        if asked.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.set()
        log.warning("stopping once Spark has started; Ctrl-C again leaves it to itself")

    former = {number: signal.signal(number, wait) for number in ending_signals()}
    try:
        yield
    except Exception:
        if not asked.is_set():  # else the signal has ended the JVM, too
            raise
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    if asked.is_set():
        raise KeyboardInterrupt
