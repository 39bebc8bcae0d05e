"""Parquet files of this machine that are read in this process as Spark would read them."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, final

import pyarrow as pa
import pyarrow.parquet as pq

from sparktune.data.sources.file_set import is_hidden
from sparktune.scoring.table_io import PATTERN, file_format, is_path, no_source, target_format

SQL_TYPES = {
    pa.bool_(): "boolean",
    pa.int8(): "tinyint",
    pa.int16(): "smallint",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.string(): "string",
    pa.large_string(): "string",
    pa.binary(): "binary",
    pa.large_binary(): "binary",
    pa.date32(): "date",
}
LISTS = (pa.types.is_list, pa.types.is_large_list)  # Arrow reads no list of fixed size that is NULL


@final
@dataclass(frozen=True)
class ParquetFiles:
    """Files of a local path that are read here as Spark would read them.

    Attributes:
        paths: the files, in order of name.
        schema: their columns in Arrow; timestamps of nanoseconds in microseconds, as Spark has them.
        types: the columns' types, as Spark SQL writes them.
    """

    paths: tuple[Path, ...]
    schema: pa.Schema
    types: dict[str, str]

    @classmethod
    def find(cls, source: str) -> Self | None:
        """The files of a path; None for a table, another format, or whatever Spark alone may read.

        That is: other file systems, patterns, folders in folders, files whose columns differ, names that
        differ in case alone, intervals, dates of old calendars, and types that Spark and Arrow
        understand in different ways.

        Raises:
            ScoringError: there is nothing at the path.
        """
        if not is_path(source) or _is_remote(source):
            return None
        if not os.path.lexists(source):
            if {*PATTERN} & {*source}:
                return None
            raise no_source(source)
        try:
            paths = _visible(Path(source))
            read, *others = map(_read_schema, paths)
        except (pa.ArrowException, OSError, ValueError):
            return None  # Spark says what is wrong
        schema = pa.schema([_in_microseconds(field) for field in read])
        types = {field.name: _sql_type(field.type) for field in schema}
        known = {name: kind for name, kind in types.items() if kind is not None}
        alike = all(other.equals(read, check_metadata=True) for other in others)
        if not alike or len({name.lower() for name in known}) < len(schema):
            return None
        return cls(tuple(paths), schema, known)

    def batches(
        self, path: Path, groups: Sequence[int], columns: list[str], rows: int
    ) -> Iterator[pa.RecordBatch]:
        """Columns of some row groups of a file, in batches of so many rows.

        Raises:
            OSError, ArrowException: it cannot be read.
        """
        read = pa.schema([self.schema.field(name) for name in columns])
        with pq.ParquetFile(path, coerce_int96_timestamp_unit="us") as file:
            for batch in file.iter_batches(rows, [*groups], columns, use_threads=False):
                yield batch.select(columns).cast(read, safe=False)


def is_parquet_here(target: str) -> bool:
    """Whether a target is a path on this machine where Parquet is written."""
    return is_path(target) and not _is_remote(target) and target_format(target) == "parquet"


def _is_remote(place: str) -> bool:
    """Whether it may be on another file system: it is a URI."""
    return ":" in place.partition("/")[0]


def _visible(place: Path) -> list[Path]:
    """The file, or the files of a folder that Spark does not pass over, in order of name.

    Raises:
        ValueError: there are none, or of another format, or what is there is no file, or one that Spark
        passes over.
    """
    if file_format(str(place)) != "parquet":
        raise ValueError(f"{str(place)!r} is no Parquet")
    folder = place.is_dir()
    found = sorted(path for path in place.iterdir() if not is_hidden(path.name)) if folder else [place]
    if not found or not all(path.is_file() for path in found) or is_hidden(found[0].name):
        raise ValueError(f"Spark alone can read {str(place)!r}")
    return found


def _read_schema(path: Path) -> pa.Schema:
    """A file's columns. INT96 are instants, which Arrow gives no time zone; their metadata tells them.

    Raises:
        ValueError: Spark understands the file in a way of its own.
    """
    with pq.ParquetFile(path) as file:
        if _has_meanings_of_spark(file.metadata.metadata or {}):
            raise ValueError(f"Spark alone can read {str(path)!r}")
        columns = [file.schema.column(number) for number in range(len(file.schema))]
        instants = {column.path for column in columns if column.physical_type == "INT96"}
        fields = [field.remove_metadata() for field in file.schema_arrow]
    instant = pa.field("", pa.timestamp("ns", "UTC"), metadata={"stored": "INT96"})
    return pa.schema([instant.with_name(one.name) if one.name in instants else one for one in fields])


def _has_meanings_of_spark(notes: dict[bytes, bytes]) -> bool:
    """Whether a file's notes give numbers a meaning that Arrow does not know: intervals, or old calendars."""
    former = notes.get(b"org.apache.spark.version", b"3") < b"3"
    legacy = any(name.startswith(b"org.apache.spark.legacy") for name in notes)
    types = notes.get(b"org.apache.spark.sql.parquet.row.metadata", b"")
    return former or legacy or re.search(rb'ype":"(interval|udt)', types) is not None


def _in_microseconds(field: pa.Field) -> pa.Field:
    """A column of nanoseconds as Spark reads it."""
    plain = field.remove_metadata()
    if not pa.types.is_timestamp(field.type) or field.type.unit != "ns":
        return plain
    return plain.with_type(pa.timestamp("us", field.type.tz))


def _sql_type(kind: pa.DataType) -> str | None:
    """The type that Spark reads from Parquet where Arrow reads `kind`; None where they may differ."""
    if pa.types.is_timestamp(kind) and kind.unit in ("ms", "us"):
        return "timestamp_ntz" if kind.tz is None else "timestamp"
    if pa.types.is_decimal128(kind) and kind.scale >= 0:
        return f"decimal({kind.precision},{kind.scale})"
    if any(test(kind) for test in LISTS):
        held = _sql_type(kind.value_type)
        return held and f"array<{held}>"
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        return "string" if kind in (pa.string(), pa.large_string()) else None
    return SQL_TYPES.get(kind)
