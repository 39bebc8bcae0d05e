"""The rows of a Spark DataFrame as one Arrow table, of which the driver has a part in memory at a time."""

import logging
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import IO, TYPE_CHECKING, Any

from sparktune.data.spilled import spilled
from sparktune.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

LIMIT = "spark.driver.maxResultSize"
log = logging.getLogger("sparktune")


def collect(frame: "DataFrame") -> "pa.Table":
    """What `frame.toArrow()` gives; if it is large, its columns are mapped from a temporary file.

    All tasks send their rows at once, as for `toArrow`. Spark refuses that where they take more than
    spark.driver.maxResultSize, and may lack the memory where that is more than its heap: then one partition
    comes after another.

    Raises:
        DataError: the disk has no room for the rows, or a partition has too many of them.
        PySparkException: Spark cannot run the query.
    """
    if _may_come_at_once(frame):
        try:
            return _all_at_once(frame)
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
            f"each partition must fit into {LIMIT}, but one of them does not; raise it, or split the rows "
            "into more partitions with /*+ REPARTITION(n) */ or frame.repartition(n)"
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


def _all_at_once(frame: "DataFrame") -> "pa.Table":
    """The batches of each task as it ends; Spark says last in which order they belong."""
    import pyarrow as pa

    with _answer(frame) as stream:
        with pa.ipc.open_stream(stream) as coming:
            schema = coming.schema
            arrived = spilled(coming)
        (count,) = struct.unpack("!i", stream.read(4))
        order = struct.unpack(f"!{count}i", stream.read(4 * count))
    found = pa.Table.from_batches([arrived[place] for place in order], schema)
    return found.cast(pa.schema([field.with_type(_in_utc(field.type)) for field in schema]))


@contextmanager
def _answer(frame: "DataFrame") -> Iterator[IO[bytes]]:
    """The stream in which Spark sends all rows; what has ended it too early is raised."""
    from pyspark.util import local_connect_and_auth

    java: Any = frame._jdf
    port, secret, sender = java.collectAsArrowToPython()
    stream, connection = local_connect_and_auth(port, secret)
    connection.settimeout(None)  # the first rows may take any time
    try:
        with closing(connection), closing(stream):
            yield stream
    except DataError:
        raise
    except Exception:
        with _cause_raised():
            sender.getResult()
        raise
    with _cause_raised():
        sender.getResult()


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


def _in_utc(kind: "pa.DataType") -> "pa.DataType":
    """The type with UTC in place of the session's time zone, which changes no value."""
    import pyarrow as pa

    if pa.types.is_timestamp(kind) and kind.tz:
        return pa.timestamp(kind.unit, "UTC")
    inner = [field.with_type(_in_utc(field.type)) for field in map(kind.field, range(kind.num_fields))]
    if pa.types.is_map(kind):
        return pa.map_(*inner[0].type)
    if pa.types.is_struct(kind):
        return pa.struct(inner)
    return pa.list_(*inner) if pa.types.is_list(kind) else kind


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
