"""Where the rows come from: one table, and what the source itself holds out."""

from pathlib import Path
from typing import Any, Protocol

from sparktune.data.builtin import digits, downloaded, images_npz
from sparktune.data.idx import idx_tables
from sparktune.data.in_memory import in_memory_table
from sparktune.data.numpy_files import npy_table, npz_tables
from sparktune.data.table import Table
from sparktune.data.tables import arrow_table, csv_table, parquet_table
from sparktune.errors import DataError
from sparktune.spec import DataSpec, SplitSpec

Origin = DataSpec | SplitSpec
Found = tuple[Table, Table | None]


class ReadTable(Protocol):
    """Gives the pyarrow.Table of a Spark table, or of a SQL query."""

    def __call__(self, *, table: str | None = None, query: str | None = None) -> Any: ...


def read_source(
    origin: Origin,
    where: str,
    names: tuple[str, str, str],
    arrays: Any = None,
    read_table: ReadTable | None = None,
) -> Found:
    """The rows of a source, and those that it holds out itself (mnist's test images, say).

    `where` names the section in messages; `names` are the columns of x, y and weight where the source has no
    names.

    Raises:
        DataError: the source cannot be read.
    """
    match origin.source:
        case "arrays":
            return _handed(origin, arrays, names, where), None
        case "digits":
            return digits(where), None
        case "mnist" | "fashion_mnist" if origin.path is None:
            return downloaded(origin.source, where)
        case "mnist" | "fashion_mnist":
            path = _existing(origin.path, f"{where}.path")
            return images_npz(path, where) if path.suffix == ".npz" else idx_tables(path, where)
        case "table" | "query":
            return _from_spark(origin, where, read_table), None
        case _:
            return _from_path(origin, _existing(origin.path, f"{where}.path"), where, names)


def _from_path(origin: Origin, path: Path, where: str, names: tuple[str, str, str]) -> Found:
    match origin.source:
        case "idx":
            return idx_tables(path, where)
        case "npz":
            return npz_tables(path, where)
        case "csv":
            return csv_table(path, where), None
        case "parquet":
            return parquet_table(path, where), None
    labels = _existing(origin.labels, f"{where}.labels")
    return npy_table(path, labels, names[:2], where), None


def _handed(origin: Origin, arrays: Any, names: tuple[str, str, str], where: str) -> Table:
    if isinstance(origin, SplitSpec):
        raise DataError(
            f"{where}.source must be a file or a table, but got arrays; hand all rows over together and mark "
            "the split by a column, or by last: N"
        )
    if arrays is None:
        raise DataError(
            f"{where}.source is arrays, but no data were handed over; name a source, or give data=(x, y)"
        )
    return in_memory_table(arrays, names, where)


def _from_spark(origin: Origin, where: str, read_table: ReadTable | None) -> Table:
    if read_table is None:
        raise DataError(
            f"{where}.source {origin.source} needs Spark, but there is none; use csv or parquet, or launch "
            "on spark"
        )
    by_name = origin.source == "table"
    return arrow_table(read_table(table=origin.table) if by_name else read_table(query=origin.query), where)


def _existing(path: str | None, field: str) -> Path:
    """The path; a glob is left to whoever expands it."""
    if path is None:
        raise DataError(f"{field} is needed by this source, but got none; add it")
    if "://" in path:
        raise DataError(
            f"{field} must be a path of the driver's file system, but got {path!r}; read it through Spark: "
            "source: query, query: SELECT * FROM parquet.`URL`"
        )
    found = Path(path).expanduser()
    if not found.exists() and not set("*?[") & set(path):
        raise DataError(f"{field} must exist, but there is nothing at {path!r} (seen from {Path.cwd()})")
    return found
