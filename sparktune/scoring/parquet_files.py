"""Parquet files of this machine that are read in this process as Spark would read them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, final

import pyarrow as pa
import pyarrow.parquet as pq

from sparktune.scoring.table_io import file_format, is_path, no_source, target_format

GLOB = frozenset("*?[]{}\\")  # Spark takes a path with one of them for a pattern
HIDDEN = ("_", ".")  # how names begin that Spark passes over
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
LISTS = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)


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
        differ in case alone, and types that Spark and Arrow understand in different ways.

        Raises:
            ScoringError: there is nothing at the path.
        """
        if not is_path(source) or _is_remote(source) or GLOB & {*source} or file_format(source) != "parquet":
            return None
        place = Path(source)
        if not place.exists():
            raise no_source(source)
        visible = sorted(path for path in place.glob("*") if not path.name.startswith(HIDDEN))
        paths = visible if place.is_dir() else [place]
        if not paths or not all(path.is_file() for path in paths):
            return None
        try:
            schema, *others = map(_read_schema, paths)
        except (pa.ArrowException, OSError):
            return None  # Spark says what is wrong
        types = {field.name: _sql_type(field.type) for field in schema}
        known = {name: kind for name, kind in types.items() if kind is not None}
        if len({name.lower() for name in known}) < len(schema) or any(other != schema for other in others):
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


def _read_schema(path: Path) -> pa.Schema:
    with pq.ParquetFile(path) as file:
        columns = [file.schema.column(number) for number in range(len(file.schema))]
        instants = {column.path for column in columns if column.physical_type == "INT96"}
        fields = [_in_microseconds(field, field.name in instants) for field in file.schema_arrow]
    return pa.schema(fields)


def _in_microseconds(field: pa.Field, instant: bool) -> pa.Field:
    """A column of nanoseconds as Spark reads it; INT96 are instants, though Arrow gives them no time zone."""
    if not pa.types.is_timestamp(field.type) or field.type.unit != "ns":
        return field
    return field.with_type(pa.timestamp("us", "UTC" if instant else field.type.tz))


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
