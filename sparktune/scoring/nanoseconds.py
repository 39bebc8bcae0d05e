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
    if zones and len(files) > 1:
        _check_same_types(spark, source, [*zones])
    kinds = {name: WITH_ZONE if zone == "true" else WITHOUT_ZONE for name, zone in zones.items()}
    return frame.withColumns(
        {
            name: expr(kind.format(name.replace("`", "``")))
            for name, kind in kinds.items()
            if name in frame.columns
        }
    )


def _check_same_types(spark: Any, source: str, names: list[str]) -> None:
    """Refuse files of which some have microseconds: Spark would read these as whole numbers, too.

    Raises:
        ValueError: the files' types differ. `names` are the columns of nanoseconds.
    """
    try:
        spark.read.parquet(source, mergeSchema=True)
    except Exception as error:
        if "CANNOT_MERGE_SCHEMAS" not in str(error):
            raise
        raise ValueError(
            f"files with nanoseconds ({', '.join(names)}) must all have the same types, but some differ; "
            "write all of them in the same way, timestamps in microseconds say"
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
