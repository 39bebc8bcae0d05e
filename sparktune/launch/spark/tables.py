"""Spark tables and queries as Arrow tables on the driver."""

import logging
from typing import TYPE_CHECKING, Any

from sparktune.errors import DataError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

UNKNOWN = 2**60  # bytes; Spark estimates more where it knows nothing
log = logging.getLogger("sparktune")


def read_table(spark: "SparkSession", table: str | None = None, query: str | None = None) -> Any:
    """The pyarrow.Table of a Spark table or of a SQL query; give one of the two.

    Raises:
        DataError: Spark cannot find or run it.
    """
    from pyspark.errors import PySparkException

    if (table is None) == (query is None):
        raise DataError(
            f"exactly one of table and query must be given, but got table={table!r}, query={query!r}"
        )
    try:
        return to_arrow(spark.table(table) if table is not None else spark.sql(str(query)))
    except PySparkException as error:
        raise DataError(f"Spark cannot read {table or query!r}: {str(error).strip()}") from None


def to_arrow(frame: "DataFrame") -> Any:
    """All rows of a Spark DataFrame as a pyarrow.Table; ML vectors become float32 arrays, bytes stay.

    Raises:
        DataError: two columns have the same name.
    """
    from pyspark.ml.functions import vector_to_array
    from pyspark.ml.linalg import VectorUDT

    _warn_of_heap(frame)
    names = frame.columns
    if twice := [name for name in names if names.count(name) > 1]:
        raise DataError(f"column names must differ, but {twice[0]!r} stands twice; rename one with AS")
    plain = {
        field.name: vector_to_array(frame[f"`{field.name}`"], "float32").alias(field.name)
        for field in frame.schema.fields
        if isinstance(field.dataType, VectorUDT)
    }
    return (frame.withColumns(plain) if plain else frame).toArrow()


def _warn_of_heap(frame: "DataFrame") -> None:
    """Say so where the rows, which pass through the driver's heap, may not fit: Spark then hangs or dies."""
    java: Any = frame._jdf  # the Python API has no estimate
    size = int(java.queryExecution().optimizedPlan().stats().sizeInBytes())
    heap = int(frame.sparkSession._jvm.java.lang.Runtime.getRuntime().maxMemory())
    if heap < size < UNKNOWN:
        log.warning(
            "the data should fit into the driver's heap, but Spark estimates %d bytes and the heap has %d; "
            "if the study hangs or ends here, raise spark.driver.memory, or select fewer rows and columns",
            *(size, heap),
        )
