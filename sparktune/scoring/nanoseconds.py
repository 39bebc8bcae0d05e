"""Parquet timestamps in nanoseconds, as pandas writes them and Spark alone does not read them."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

AS_LONG = "spark.sql.legacy.parquet.nanosAsLong"
COLUMN = re.compile(r"^  (?:optional|required) int64 (.+) \(TIMESTAMP\(NANOS,(true|false)\)\)", re.MULTILINE)
MICROSECONDS = "CAST(`{0}` DIV 1000 AS DECIMAL(20, 0))"
WITH_ZONE = "timestamp_micros(CAST(`{0}` DIV 1000 AS BIGINT))"
WITHOUT_ZONE = (
    f"TIMESTAMP_NTZ'1970-01-01' + make_dt_interval(0, 0, 0, CAST({MICROSECONDS} / 1000000 AS DECIMAL(18, 6)))"
)


_LOCK = threading.Lock()
_USERS: dict[str, tuple[int, str | None]] = {}  # of each session: their number, and its own setting


@contextmanager
def nanoseconds_readable(spark: Any) -> Iterator[None]:
    """Within the context Spark reads such columns, as whole numbers.

    Where threads share a session, the last one that leaves puts its setting back.
    """
    session = str(spark._jsparkSession.sessionUUID())
    with _LOCK:
        users, before = _USERS.get(session, (0, spark.conf.get(AS_LONG, None)))
        spark.conf.set(AS_LONG, "true")
        _USERS[session] = users + 1, before
    try:
        yield
    finally:
        with _LOCK:
            users, before = _USERS.pop(session)
            if users > 1:
                _USERS[session] = users - 1, before
            elif before is None:
                spark.conf.unset(AS_LONG)
            else:
                spark.conf.set(AS_LONG, before)


def as_timestamps(spark: Any, source: str, frame: Any) -> Any:
    """The rows of Parquet files with such columns as Spark's timestamps, in microseconds.

    Args:
        spark: the Spark session, within `nanoseconds_readable`.
        source: where the files are.
        frame: what Spark reads there.

    Raises:
        ValueError: some of the files have other types.
    """
    from pyspark.sql.functions import expr

    # Python's own list of the files costs two calls of Java for each of them.
    joined = str(spark._jvm.org.apache.hadoop.util.StringUtils.join("\n", frame._jdf.inputFiles()))
    files = joined.split()
    if not files:
        return frame
    # Spark, too, takes the columns from the first file.
    zones = dict(COLUMN.findall(_parquet_schema(spark, min(files))))
    if len(files) > 1 and (zones or any(kind.startswith("timestamp") for _, kind in frame.dtypes)):
        _check_same_moments(spark, source)
    kinds = {name: WITH_ZONE if zone == "true" else WITHOUT_ZONE for name, zone in zones.items()}
    return frame.withColumns(
        {
            name: expr(kind.format(name.replace("`", "``")))
            for name, kind in kinds.items()
            if name in frame.columns
        }
    )


def _check_same_moments(spark: Any, source: str) -> None:
    """Refuse files of which some have nanoseconds and some microseconds: Spark reads all as the first one.

    Raises:
        ValueError: the types of a column of timestamps differ.
    """
    try:
        spark.read.parquet(source, mergeSchema=True)
    except Exception as error:  # noqa: BLE001 - PySpark's errors and Py4J's have no base in common
        # Other types that differ are Spark's to judge.
        if re.search(r'data types "\w+" and "TIMESTAMP|data types "TIMESTAMP\w*" and', str(error)):
            raise ValueError(
                "its files must have timestamps of the same kind, but some have nanoseconds and some "
                "microseconds, or only some a time zone; write all of them in the same way"
            ) from None


def _parquet_schema(spark: Any, file: str) -> str:
    """What the footer of a Parquet file says of its columns, one a line."""
    hadoop, parquet = spark._jvm.org.apache.hadoop.fs, spark._jvm.org.apache.parquet.hadoop
    settings = spark._jsparkSession.sessionState().newHadoopConf()
    path = hadoop.Path(spark._jvm.java.net.URI.create(file))
    reader = parquet.ParquetFileReader.open(parquet.util.HadoopInputFile.fromPath(path, settings))
    try:
        return str(reader.getFileMetaData().getSchema().toString())
    finally:
        reader.close()
