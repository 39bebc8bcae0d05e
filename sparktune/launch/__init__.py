"""Where trials run: on a Spark cluster or in processes of this machine. Importing this imports no Spark."""

from typing import TYPE_CHECKING

from sparktune.lazy import lazily

if TYPE_CHECKING:
    from sparktune.launch.base import Launcher
    from sparktune.launch.errand import Errand
    from sparktune.launch.forkserver import ForkServer, safe_here, serving
    from sparktune.launch.local import LocalLauncher
    from sparktune.launch.session import open_session, spark_is_configured
    from sparktune.launch.spark import SparkLauncher
    from sparktune.launch.tables import read_table, to_arrow
    from sparktune.launch.task import Work

__all__ = [
    "Errand",
    "ForkServer",
    "Launcher",
    "LocalLauncher",
    "SparkLauncher",
    "Work",
    "open_session",
    "read_table",
    "safe_here",
    "serving",
    "spark_is_configured",
    "to_arrow",
]

# the fork server starts before the rest is loaded
__getattr__ = lazily(
    __name__,
    {
        "Errand": "sparktune.launch.errand",
        "ForkServer": "sparktune.launch.forkserver",
        "Launcher": "sparktune.launch.base",
        "LocalLauncher": "sparktune.launch.local",
        "SparkLauncher": "sparktune.launch.spark",
        "Work": "sparktune.launch.task",
        "open_session": "sparktune.launch.session",
        "read_table": "sparktune.launch.tables",
        "safe_here": "sparktune.launch.forkserver",
        "serving": "sparktune.launch.forkserver",
        "spark_is_configured": "sparktune.launch.session",
        "to_arrow": "sparktune.launch.tables",
    },
)
