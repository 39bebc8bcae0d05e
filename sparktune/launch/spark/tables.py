"""Spark tables and queries as Arrow tables on the driver."""

import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sparktune.errors import DataError
from sparktune.finding import Finding, Level
from sparktune.launch.spark.collecting import collect, estimated_bytes

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

UNKNOWN = 2**60  # bytes; Spark estimates more where it knows nothing
log = logging.getLogger("sparktune")


def read_table(spark: "SparkSession", table: str | None = None, query: str | None = None) -> Any:
    """The pyarrow.Table of a Spark table or of a SQL query; give one of the two.

    Raises:
        DataError: Spark cannot find or run it.
    """
    with _refusals_named(table or query):
        return to_arrow(_frame(spark, table, query))


def disk_findings(
    spark: "SparkSession", table: str | None = None, query: str | None = None
) -> Iterator[Finding]:
    """A warning where the rows may not fit into the driver's temporary folder; reads none.

    Raises:
        DataError: Spark cannot find the table, or refuses the query.
    """
    with _refusals_named(table or query):
        yield from _beyond_disk(_frame(spark, table, query))


def to_arrow(frame: "DataFrame") -> Any:
    """All rows of a Spark DataFrame as a pyarrow.Table; ML vectors become float32 arrays, bytes stay.

    A table beyond spark.driver.maxResultSize is mapped from a temporary file, and takes no memory of its own.

    Raises:
        DataError: two columns have the same name, or neither disk nor Spark has room for the rows.
    """
    from pyspark.ml.functions import vector_to_array
    from pyspark.ml.linalg import VectorUDT

    for finding in _beyond_disk(frame):
        log.warning(finding.text)
    names = frame.columns
    if twice := [name for name in names if names.count(name) > 1]:
        raise DataError(f"column names must differ, but {twice[0]!r} stands twice; rename one with AS")
    plain = {
        field.name: vector_to_array(frame[f"`{field.name}`"], "float32").alias(field.name)
        for field in frame.schema.fields
        if isinstance(field.dataType, VectorUDT)
    }
    return collect(frame.withColumns(plain) if plain else frame)


def _frame(spark: "SparkSession", table: str | None, query: str | None) -> "DataFrame":
    if (table is None) == (query is None):
        raise DataError(
            f"exactly one of table and query must be given, but got table={table!r}, query={query!r}"
        )
    return spark.table(table) if table is not None else spark.sql(str(query))


@contextmanager
def _refusals_named(what: str | None) -> Iterator[None]:
    """Within the context what Spark refuses is a DataError."""
    from pyspark.errors import PySparkException

    try:
        yield
    except PySparkException as error:
        raise DataError(f"Spark cannot read {what!r}: {str(error).strip()}") from None


def _beyond_disk(frame: "DataFrame") -> Iterator[Finding]:
    """A warning where the disk would become full, as Spark estimates the rows."""
    size, folder = estimated_bytes(frame), tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if free < size < UNKNOWN:
        yield Finding(
            Level.WARNING,
            f"{folder} should have room for the data, but Spark estimates {size} bytes and {free} are free; "
            "set TMPDIR to a folder with more, or select fewer rows and columns",
        )
