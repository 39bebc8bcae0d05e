"""Parquet timestamps in nanoseconds, as pandas writes them and Spark alone does not read them."""

import re
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


@contextmanager
def nanoseconds_readable(spark: Any) -> Iterator[None]:
    """Within the context Spark reads such columns, as whole numbers; its setting is put back afterwards."""
    before = spark.conf.get(AS_LONG, None)
    spark.conf.set(AS_LONG, "true")
    try:
        yield
    finally:
        if before is None:
            spark.conf.unset(AS_LONG)
        else:
            spark.conf.set(AS_LONG, before)


def as_timestamps(spark: Any, frame: Any) -> Any:
    """The rows of Parquet files with such columns as Spark's timestamps, in microseconds."""
    from pyspark.sql.functions import expr

    # Python's own list of the files costs two calls of Java for each of them.
    files = frame._jdf.inputFiles()
    if not len(files):
        return frame
    zones = dict(COLUMN.findall(_parquet_schema(spark, files[0])))
    kinds = {name: WITH_ZONE if zone == "true" else WITHOUT_ZONE for name, zone in zones.items()}
    return frame.withColumns(
        {
            name: expr(kind.format(name.replace("`", "``")))
            for name, kind in kinds.items()
            if name in frame.columns
        }
    )


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
