"""A class archive (Java's class data sharing, CDS) of Spark: sessions on this machine start sooner with it.

A JVM spends most of its start on loading Spark's classes. One JVM writes them to a file when it ends, parsed,
verified and linked; later ones map that file into memory. `python -m sparktune.launch.jvm.class_archive`
writes it into the user's cache folder, where there is none. An archive fits one Java, one set of Spark jars
and one configuration folder; others have files of their own.
"""

import hashlib
import logging
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from sparktune.errors import SparktuneError
from sparktune.files import cache_folder, is_private
from sparktune.launch.jvm.java import QUICK_START, check_java, find_java

SECONDS = 300.0
WARM_UP = """
import tempfile
from pyspark.sql.functions import arrow_udf
from sparktune.launch import open_session
spark = open_session()
print(spark.sparkContext.parallelize([20, 22], 2).map(lambda number: number + 1).sum())
with tempfile.TemporaryDirectory() as folder:
    made = spark.range(9).selectExpr("id", "CAST(id AS FLOAT) AS x", "CAST(id AS STRING) AS word")
    made.write.parquet(f"{folder}/rows")
    rows = spark.read.parquet(f"{folder}/rows")
    same = arrow_udf(lambda column: column, "float")
    rows.withColumn("y", same("x")).write.parquet(f"{folder}/answers")
    rows.mapInArrow(lambda batches: batches, rows.schema).write.parquet(f"{folder}/copy")
spark.stop()
"""
# A session on this machine whatever the user has configured; its workers need no TensorFlow.
LOCAL = {
    "SPARK_MASTER": "local[2]",
    "PYSPARK_SUBMIT_ARGS": "--conf spark.python.daemon.module=pyspark.daemon pyspark-shell",
}
ELSEWHERE = ("PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET", "HADOOP_CONF_DIR", "YARN_CONF_DIR")
log = logging.getLogger("sparktune")


def archive_file() -> Path | None:
    """The archive for this Java and this Spark; None where there is none that is whole and only this user's.

    Java 17 crashes on a file that was cut off, so the file's name holds its size. Java itself ignores an
    archive that was made for another Java or class path.
    """
    try:
        found = cache_folder().glob(f"{_name()}.*.jsa")
        whole = (file for file in found if file.suffixes[-2] == f".{file.stat().st_size}")
        return next((file for file in whole if is_private(file)), None)
    except (OSError, RuntimeError):
        return None


def archive_options() -> list[str]:
    """Options of the JVM: map the archive where there is one, and log only errors where it does not fit."""
    file = archive_file()
    silent = ["-Xlog:disable", "-Xlog:all=error:stderr"]
    return [f"-XX:SharedArchiveFile={file}", "-Xshare:auto", *silent] if file else []


def build_archive() -> None:
    """Start Spark once, on this machine, to write the archive where there is none: half a minute, 190 MB.

    A failure is a warning: without the archive sessions start later, and that is all.
    """
    if archive_file() is not None:
        return
    try:
        check_java()
        settings = _configuration()
        if settings.is_dir() and any(settings.iterdir()):
            return  # Java archives no classes behind a folder on the class path that could hold some
        folder = cache_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".building-") as beside:
            fresh = Path(beside) / "fresh.jsa"
            _run_spark(fresh)
            with fresh.open("rb") as written:
                os.fsync(written.fileno())
            fresh.replace(folder / f"{_name()}.{fresh.stat().st_size}.jsa")
    except (OSError, RuntimeError, subprocess.SubprocessError, SparktuneError) as error:
        log.warning("Spark sessions will start more slowly, for want of an archive of its classes: %s", error)


def _name() -> str:
    """What the archive depends on, as the beginning of a file name."""
    import pyspark

    java = find_java()
    if java is None:
        raise FileNotFoundError("there is no Java")
    jars = sorted((_spark_home() / "jars").glob("*.jar"))
    lines = [f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in (java.resolve(), *jars)]
    digest = hashlib.sha256("\n".join([str(_configuration()), WARM_UP, *lines]).encode()).hexdigest()
    return f"spark-{pyspark.__version__}-{digest[:16]}"


def _spark_home() -> Path:
    """Where PySpark finds Spark."""
    from pyspark.find_spark_home import _find_spark_home

    return Path(_find_spark_home())


def _configuration() -> Path:
    """The folder of Spark's configuration, first on the class path."""
    return Path(os.environ.get("SPARK_CONF_DIR") or _spark_home() / "conf")


def _run_spark(fresh: Path) -> None:
    """Start a session, run a small job and stop, in a process; its JVM writes the archive as it ends.

    The JVM holds the pipes of its output, so that their end is its end.

    Raises:
        RuntimeError: there is no archive.
    """
    options = f"{QUICK_START} {shlex.quote(f'-XX:ArchiveClassesAtExit={fresh}')}"
    environment = {key: value for key, value in os.environ.items() if key not in ELSEWHERE}
    ended = subprocess.run(
        [sys.executable, "-c", WARM_UP],
        env={**environment, **LOCAL, "SPARK_SUBMIT_OPTS": options},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if ended.returncode or not fresh.exists():
        raise RuntimeError(
            (ended.stderr.strip() or ended.stdout.strip() or "Java wrote none").splitlines()[-1]
        )


if __name__ == "__main__":
    build_archive()
