"""Where trials run: on a Spark cluster or in processes of this machine. Importing this imports no Spark."""

from sparktune.launch.base import Launcher
from sparktune.launch.forkserver import ForkServer, run_module, safe_here
from sparktune.launch.local import LocalLauncher
from sparktune.launch.session import open_session, spark_is_configured
from sparktune.launch.spark import SparkLauncher
from sparktune.launch.tables import read_table, to_arrow
from sparktune.launch.task import Work

__all__ = [
    "ForkServer",
    "Launcher",
    "LocalLauncher",
    "SparkLauncher",
    "Work",
    "open_session",
    "read_table",
    "run_module",
    "safe_here",
    "spark_is_configured",
    "to_arrow",
]
