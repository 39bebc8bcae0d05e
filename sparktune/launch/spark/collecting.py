"""The rows of a Spark DataFrame as one Arrow table; a large one comes to the driver in parts."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sparktune.data.spilled import spilled
from sparktune.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

LIMIT = "spark.driver.maxResultSize"
log = logging.getLogger("sparktune")


def collect(frame: "DataFrame") -> "pa.Table":
    """What `frame.toArrow()` gives; columns that come by partition are mapped from a temporary file.

    Spark refuses to send all rows at once where they take more than spark.driver.maxResultSize, and may lack
    the memory where that is more than its heap: then one partition comes after another.

    Raises:
        DataError: the disk has no room for the rows, or a partition has too many of them.
        PySparkException: Spark cannot run the query.
    """
    if _may_come_at_once(frame):
        try:
            return frame.toArrow()
        except Exception as error:  # Spark has no type of its own for it
            if LIMIT not in str(error):
                raise
            log.info("data: more than %s, so that one partition is read after another", LIMIT)
    try:
        return _by_partition(frame)
    except Exception as error:
        if LIMIT not in str(error):
            raise
        raise DataError(
            f"each partition of the data must fit into {LIMIT}, but one of them does not; raise it, or "
            "split the rows into more partitions with /*+ REPARTITION(n) */ or frame.repartition(n)"
        ) from None


def estimated_bytes(frame: "DataFrame") -> int:
    """Bytes that Spark estimates for the rows; no row is read."""
    java: Any = frame._jdf  # the Python API has no estimate
    return int(java.queryExecution().optimizedPlan().stats().sizeInBytes())


def _may_come_at_once(frame: "DataFrame") -> bool:
    """Whether Spark ends the job before the rows fill its heap, or they do not fill it."""
    java = frame.sparkSession.sparkContext._jsc.sc()
    limit = int(java.conf().getSizeAsBytes(LIMIT, "1g"))
    heap = int(frame.sparkSession._jvm.java.lang.Runtime.getRuntime().maxMemory())
    return 0 < limit <= heap or estimated_bytes(frame) <= heap


@contextmanager
def _cause_raised() -> Iterator[None]:
    """Within the context an exception of Java is what PySpark makes of the first cause that it knows."""
    from pyspark.errors.exceptions.captured import UnknownException, convert_exception

    try:
        yield
    except Exception as error:  # Py4J has no types
        cause = getattr(error, "java_exception", None)
        while cause and (cause := cause.getCause()):
            if not isinstance(known := convert_exception(cause), UnknownException):
                raise known from None
        raise


def _by_partition(frame: "DataFrame") -> "pa.Table":
    """One partition after another; none is computed ahead, as it would take the heap of another one."""
    import pyarrow as pa
    from pyspark import RDD
    from pyspark.serializers import NoOpSerializer

    schema = frame.limit(0).toArrow().schema
    java: Any = frame._jdf
    messages = RDD(java.toArrowBatchRdd().toJavaRDD(), frame.sparkSession.sparkContext, NoOpSerializer())
    with _cause_raised():
        coming = (pa.py_buffer(message) for message in messages.toLocalIterator())
        batches = spilled(pa.ipc.read_record_batch(message, schema) for message in coming)
    return pa.Table.from_batches(batches, schema)
