"""What somebody has set up for Spark: a session, a master, options."""

import os
import re
import sys
from pathlib import Path

from sparktune.cores import usable_cores
from sparktune.spec import ResourcesSpec


def spark_is_configured() -> bool:
    """Whether a session is active, spark-submit runs this, or somebody has named a master."""
    if submitted() or os.environ.get("SPARK_MASTER"):
        return True
    if "pyspark.sql" in sys.modules:
        from pyspark.sql import SparkSession

        if SparkSession.getActiveSession() is not None:
            return True
    return "spark.master" in configured_options()


def anything_configures_spark() -> bool:
    """Whether Spark may read and write otherwise than where nobody has set anything up."""
    hadoop = any(os.environ.get(name) for name in ("HADOOP_CONF_DIR", "YARN_CONF_DIR"))  # another file system
    return spark_is_configured() or hadoop or bool(configured_options())


def spark_slots(resources: ResourcesSpec) -> int | None:
    """Trials that run at once where the master is this machine; None where only the cluster knows."""
    master = os.environ.get("SPARK_MASTER") or ("" if "spark.master" in configured_options() else "local[*]")
    local = re.match(r"local(?:\[(\d+|\*)|$)", master)
    if local is None:
        return None
    threads = usable_cores() if local[1] == "*" else int(local[1] or 1)
    fits = max(1, threads // resources.cpus)
    return min(fits, resources.parallelism or fits)


def configured_options() -> set[str]:
    """Names of the options that spark-submit, PYSPARK_SUBMIT_ARGS or spark-defaults.conf set.

    One without a value is not set: spark-submit always names `spark.submit.pyFiles`.
    """
    if submitted():
        from pyspark import SparkConf, SparkContext

        SparkContext._ensure_initialized()  # the options live in the JVM that spark-submit started
        return {key for key, value in SparkConf().getAll() if value}
    arguments = os.environ.get("PYSPARK_SUBMIT_ARGS", "")
    keys = set(re.findall(r"--conf[ =]['\"]?([\w.]+)=", arguments))
    if re.search(r"--master\b", arguments):
        keys.add("spark.master")
    home = os.environ.get("SPARK_HOME")
    folder = os.environ.get("SPARK_CONF_DIR") or (str(Path(home) / "conf") if home else None)
    file = Path(folder) / "spark-defaults.conf" if folder else None
    if file is not None and file.is_file():
        keys.update(re.findall(r"^\s*(spark\.[\w.]+)", file.read_text(encoding="utf-8"), re.MULTILINE))
    return keys


def submitted() -> bool:
    """Whether spark-submit has started the JVM."""
    return "PYSPARK_GATEWAY_PORT" in os.environ
