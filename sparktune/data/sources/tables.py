"""CSV, Parquet and Arrow files, by file, folder, glob or URI."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, final

from sparktune.data.sources.base import DataSource, Found, Origin
from sparktune.data.sources.file_set import FileSet, find_files
from sparktune.data.sources.large_csv import read_large_csv
from sparktune.data.table import BATCH_ROWS, Table
from sparktune.errors import DataError

LARGE_CSV = 2**26  # bytes
HEADER = 2**16  # bytes in which a header line ends
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
RETURNED = 2**24  # bytes of batches after which Arrow gives back the memory that it keeps for later


@final
class Csv(DataSource):
    """CSV files with a header line."""

    def read(self, origin: Origin) -> Found:
        """The rows of all files.

        Raises:
            DataError: a file cannot be read, or has other columns than the first.
        """
        return Found(csv_table(find_files(origin.given("path"), origin.where)))


@final
class Parquet(DataSource):
    """Parquet files, as Spark or pandas writes them."""

    def read(self, origin: Origin) -> Found:
        """The columns, each read when it is needed.

        Raises:
            DataError: a file cannot be read.
        """
        return Found(columns_of(find_files(origin.given("path"), origin.where), "parquet"))


@final
class Arrow(DataSource):
    """Files of Arrow's IPC format, which Feather is too."""

    def read(self, origin: Origin) -> Found:
        """The columns, each read when it is needed.

        Raises:
            DataError: a file cannot be read.
        """
        return Found(columns_of(find_files(origin.given("path"), origin.where), "ipc"))


def arrow_table(found: Any, where: str) -> Table:
    """The columns of a pyarrow.Table."""
    return Table.of(zip(found.column_names, found.columns, strict=True), where)


@final
@dataclass(frozen=True)
class _Reader:
    """Reads columns of a dataset of files, some rows at a time; it is a table's `scan`."""

    found: Any
    unreadable: Callable[[Exception], DataError]

    def __call__(self, names: Sequence[str], rows: int) -> Iterator[Sequence[Any]]:
        import pyarrow as pa
        from pyarrow.dataset import field

        read = 0
        wanted, ahead = {name: field(name) for name in names}, {"batch_readahead": 1, "fragment_readahead": 1}
        try:
            for batch in self.found.to_batches(columns=wanted, batch_size=rows, **ahead):
                if batch.num_rows:  # Spark writes files without rows, too
                    yield batch.columns
                read += batch.nbytes
                if read > RETURNED:
                    pa.default_memory_pool().release_unused()
                    read = 0
        except (pa.ArrowException, OSError) as error:
            raise self.unreadable(error) from None


@final
@dataclass(frozen=True)
class _Column:
    """A column of files, read when it is asked for."""

    reader: _Reader
    name: str
    rows: int

    def __len__(self) -> int:
        return self.rows

    @property
    def type(self) -> Any:
        """The column's Arrow type."""
        return self.reader.found.schema.field(self.name).type

    @property
    def chunks(self) -> Iterator[Any]:
        """Arrow arrays, one after another.

        Raises:
            DataError: they cannot be read.
        """
        for (column,) in self.reader([self.name], BATCH_ROWS):
            yield column


def columns_of(files: FileSet, form: str) -> Table:
    """The columns of `parquet` or `ipc` files, of a folder with those below it; they are read later.

    Folders such as `year=2024` are a column, as Spark writes partitions.

    Raises:
        DataError: they cannot be read.
    """
    import pyarrow as pa
    from pyarrow.dataset import IpcFileFormat, ParquetFileFormat, ParquetFragmentScanOptions, dataset

    options = ParquetFragmentScanOptions(pre_buffer=files.remote)
    kind = ParquetFileFormat(default_fragment_scan_options=options) if form == "parquet" else IpcFileFormat()
    try:
        source = files.folder or [*files.named("*")]
        found = dataset(source, filesystem=files.system, format=kind, partitioning="hive")
        rows = found.count_rows()
    except (pa.ArrowException, OSError) as error:
        raise files.unreadable(error) from None
    reader = _Reader(found, files.unreadable)
    columns = [(name, _Column(reader, name, rows)) for name in found.schema.names]
    return Table.of(columns, files.where, scan=reader)


def csv_table(files: FileSet, words: Sequence[str] = ()) -> Table:
    """Files with a header line, compressed or not; of a folder those whose names hold `.csv`.

    Types are read off all rows of a file; columns named in `words` are text whatever they hold. An empty
    cell, NA, NaN or null is a missing value; quoted text never is, and may have several lines.

    Raises:
        DataError: it cannot be read, is not UTF-8, or the files have different columns.
    """
    import pyarrow as pa

    try:
        parts = [_csv_part(files, path, words) for path in files.named("*.csv*")]
        for part in parts:
            _refuse_binary(part)
            if sorted(part.column_names) != sorted(parts[0].column_names):
                raise DataError(
                    f"{files.where}: all files must have the same columns, but got {parts[0].column_names} "
                    f"and {part.column_names}"
                )
        found = pa.concat_tables(parts, promote_options="permissive") if len(parts) > 1 else parts[0]
    except UnicodeDecodeError as error:
        raise DataError(
            f"{files.where}: CSV files must be UTF-8, but {files.given!r} holds {error.object!r:.80}; "
            "save it as UTF-8"
        ) from None
    except (pa.ArrowException, OSError) as error:
        _refuse_what_is_no_csv(files)
        raise files.unreadable(error) from None
    if len(found.column_names) == 1:
        _refuse_what_is_no_csv(files)
    return arrow_table(found, files.where)


def _csv_part(files: FileSet, path: str, words: Sequence[str]) -> Any:
    """One of the files, as an Arrow table."""
    import pyarrow as pa
    from pyarrow.csv import ConvertOptions, ParseOptions, read_csv

    missing = {"strings_can_be_null": True, "quoted_strings_can_be_null": False}
    text = dict.fromkeys(words, pa.string())
    if (files.system.get_file_info(path).size or 0) > LARGE_CSV:
        return read_large_csv(partial(files.system.open_input_stream, path), missing, text)
    with files.system.open_input_stream(path) as opened:
        convert = ConvertOptions(column_types=text, **missing)
        return read_csv(opened, parse_options=ParseOptions(newlines_in_values=True), convert_options=convert)


def _refuse_what_is_no_csv(files: FileSet) -> None:
    """Raise where the first file is no text, or its header has no comma, but another usual separator.

    Raises:
        DataError: so it is.
    """
    with files.system.open_input_stream(files.named("*.csv*")[0]) as opened:
        begin = opened.read(HEADER)
    if b"\0" in begin:
        raise DataError(
            f"{files.where}: CSV files must be text, but {files.given!r} is not; name its kind as the source"
        )
    header = begin.partition(b"\n")[0].decode(errors="replace")
    found = next((name for separator, name in SEPARATORS.items() if separator in header), None)
    if found and "," not in header:
        raise DataError(
            f"{files.where}: CSV files must have commas between columns, but {files.given!r} seems to have "
            f"{found}: {header.strip():.80}; write it with commas, or as Parquet"
        )


def _refuse_binary(part: Any) -> None:
    """Raise for the first cell that is no text: its column has become binary.

    Raises:
        UnicodeDecodeError: there is one.
    """
    import pyarrow as pa

    for column in part.columns:
        for chunk in column.chunks if pa.types.is_binary(column.type) else ():
            for cell in chunk.drop_null():
                cell.as_py().decode()
