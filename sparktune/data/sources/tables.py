"""CSV and Parquet, by file, folder or glob."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, final

from sparktune.data.sources.base import DataSource, Found, Origin
from sparktune.data.table import Table
from sparktune.errors import DataError

BATCH_ROWS = 2**15


@final
class Csv(DataSource):
    """CSV files with a header line."""

    def read(self, origin: Origin) -> Found:
        """The rows of all files.

        Raises:
            DataError: a file cannot be read, or has other columns than the first.
        """
        return Found(csv_table(origin.file(), origin.where))


@final
class Parquet(DataSource):
    """Parquet files, as Spark or pandas writes them."""

    def read(self, origin: Origin) -> Found:
        """The columns, each read when it is needed.

        Raises:
            DataError: a file cannot be read.
        """
        return Found(parquet_table(origin.file(), origin.where))


def arrow_table(found: Any, where: str) -> Table:
    """The columns of a pyarrow.Table."""
    return Table.of(zip(found.column_names, found.columns, strict=True), where)


@final
@dataclass(frozen=True)
class _Column:
    """A column of Parquet files, read when it is asked for, some rows at a time."""

    files: Any
    name: str
    rows: int
    unreadable: Callable[[Exception], DataError]

    def __len__(self) -> int:
        return self.rows

    @property
    def type(self) -> Any:
        """The column's Arrow type."""
        return self.files.schema.field(self.name).type

    @property
    def chunks(self) -> Iterator[Any]:
        """Arrow arrays, one after another.

        Raises:
            DataError: they cannot be read.
        """
        import pyarrow as pa
        from pyarrow.dataset import field

        wanted, ahead = {self.name: field(self.name)}, {"batch_readahead": 1, "fragment_readahead": 1}
        try:
            for batch in self.files.to_batches(columns=wanted, batch_size=BATCH_ROWS, **ahead):
                yield batch.column(0)
        except (pa.ArrowException, OSError) as error:
            raise self.unreadable(error) from None


def parquet_table(path: Path, where: str) -> Table:
    """One file, the files of a glob in order of name, or a folder as Spark writes it; columns are read later.

    Raises:
        DataError: it cannot be read.
    """
    import pyarrow as pa
    from pyarrow.dataset import ParquetFileFormat, ParquetFragmentScanOptions, dataset

    kind = ParquetFileFormat(default_fragment_scan_options=ParquetFragmentScanOptions(pre_buffer=False))
    try:
        source = path if path.is_dir() else [str(file) for file in _files(path, "*", where)]
        files = dataset(source, format=kind, partitioning="hive")
        rows = files.count_rows()
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, where, error) from None
    names, unreadable = files.schema.names, partial(_unreadable, path, where)
    return Table.of([(name, _Column(files, name, rows, unreadable)) for name in names], where)


def csv_table(path: Path, where: str) -> Table:
    """One file with a header line, gzipped or not, or those of a glob or a folder in order of name.

    Types are read off all rows of a file. An empty cell, NA, NaN or null is a missing value; quoted text
    never is.

    Raises:
        DataError: it cannot be read, or the files have different columns.
    """
    import pyarrow as pa
    from pyarrow.csv import ConvertOptions, read_csv

    missing = ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False)
    try:
        parts = [read_csv(file, convert_options=missing) for file in _files(path, "*.csv*", where)]
        for part in parts:
            if sorted(part.column_names) != sorted(parts[0].column_names):
                raise DataError(
                    f"{where}: all files must have the same columns, but got {parts[0].column_names} and "
                    f"{part.column_names}"
                )
        found = pa.concat_tables(parts, promote_options="permissive") if len(parts) > 1 else parts[0]
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, where, error) from None
    return arrow_table(found, where)


def _files(path: Path, pattern: str, where: str) -> list[Path]:
    """The files that a path, a folder or a glob names, in order of name."""
    if path.is_file():
        return [path]
    folder, glob = (path, pattern) if path.is_dir() else (path.parent, path.name)
    files = sorted(f for f in folder.glob(glob) if f.is_file() and not f.name.startswith((".", "_")))
    if not files:
        raise DataError(
            f"{where}.path must name a file, a folder or a glob, but {str(path)!r} holds no files"
        )
    return files


def _unreadable(path: Path, where: str, error: Exception) -> DataError:
    return DataError(f"{where}: cannot read {str(path)!r}: {error}")
