"""Where trials run: on a Spark cluster or in processes of this machine. Importing this imports no Spark."""

from typing import TYPE_CHECKING

from sparktune.lazy import lazily

if TYPE_CHECKING:
    from sparktune.launch.base import Launcher
    from sparktune.launch.forkserver.call import ForkedCall
    from sparktune.launch.forkserver.client import ForkServer, keep_fork_server, start_fork_server
    from sparktune.launch.local.launcher import LocalLauncher
    from sparktune.launch.payload import Work
    from sparktune.launch.spark.classic import SparkLauncher
    from sparktune.launch.spark.configured import anything_configures_spark, spark_is_configured
    from sparktune.launch.spark.session import open_session
    from sparktune.launch.spark.tables import read_table, to_arrow

__all__ = [
    "ForkServer",
    "ForkedCall",
    "Launcher",
    "LocalLauncher",
    "SparkLauncher",
    "Work",
    "anything_configures_spark",
    "keep_fork_server",
    "open_session",
    "read_table",
    "spark_is_configured",
    "start_fork_server",
    "to_arrow",
]

# the fork server starts before the rest is loaded
__getattr__, __dir__ = lazily(
    __name__,
    {
        "ForkedCall": "sparktune.launch.forkserver.call",
        "ForkServer": "sparktune.launch.forkserver.client",
        "Launcher": "sparktune.launch.base",
        "LocalLauncher": "sparktune.launch.local.launcher",
        "SparkLauncher": "sparktune.launch.spark.classic",
        "Work": "sparktune.launch.payload",
        "anything_configures_spark": "sparktune.launch.spark.configured",
        "open_session": "sparktune.launch.spark.session",
        "read_table": "sparktune.launch.spark.tables",
        "keep_fork_server": "sparktune.launch.forkserver.client",
        "start_fork_server": "sparktune.launch.forkserver.client",
        "spark_is_configured": "sparktune.launch.spark.configured",
        "to_arrow": "sparktune.launch.spark.tables",
    },
)
