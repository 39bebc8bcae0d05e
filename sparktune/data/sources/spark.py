"""Tables and queries of Spark, read to the driver."""

from typing import Any, final

from sparktune.data.sources.base import DataSource, Found, Origin, ReadTable
from sparktune.data.sources.tables import arrow_table
from sparktune.errors import DataError


@final
class SparkTable(DataSource):
    """All rows of a table of Spark's catalog."""

    def read(self, origin: Origin) -> Found:
        """The rows.

        Raises:
            DataError: there is no Spark, or no such table.
        """
        return _found(origin, _reader(origin, "table")(table=origin.table))


@final
class SparkQuery(DataSource):
    """The rows that a query of Spark SQL gives."""

    def read(self, origin: Origin) -> Found:
        """The rows.

        Raises:
            DataError: there is no Spark, or it refuses the query.
        """
        return _found(origin, _reader(origin, "query")(query=origin.query))


def _reader(origin: Origin, source: str) -> ReadTable:
    if origin.read_table is None:
        raise DataError(
            f"{origin.where}.source {source} needs Spark, but there is none; use csv or parquet, or launch "
            "on spark"
        )
    return origin.read_table


def _found(origin: Origin, rows: Any) -> Found:
    return Found(arrow_table(rows, origin.where))
