"""A table of named columns of equal length, converted to numpy one column at a time."""

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, final

import numpy as np

from sparktune.data.mapped import allocate
from sparktune.errors import DataError

BATCH_ROWS = 2**15
SMALL = 2**26  # bytes of columns that are kept once they are read
LEAVE_OUT = "convert it, or leave it out by naming data.features"


class Scan(Protocol):
    """Reads columns of a table some rows at a time."""

    def __call__(self, names: Sequence[str], rows: int) -> Iterator[Sequence[Any]]:
        """Of each batch of at most `rows` rows, an Arrow array for each name."""


@final
@dataclass(frozen=True)
class Table:
    """Columns by name, each a numpy array (rows, ...) or an Arrow column.

    Messages name the table by `where`. `scan` reads several columns in one go, where that is better than
    reading each by itself.
    """

    columns: dict[str, Any]
    where: str = "data"
    scan: Scan | None = None

    @classmethod
    def of(cls, columns: Iterable[tuple[str, Any]], where: str, scan: Scan | None = None) -> "Table":
        """A checked table.

        Raises:
            DataError: no columns, no rows, a name twice, or columns of different length.
        """
        pairs, lengths = list(columns), {}
        for name, column in pairs:
            try:
                lengths[name] = len(column)
            except TypeError:
                raise DataError(
                    f"{where}: column {name!r} must have one value per row, but got {column!r}"
                ) from None
        if twice := [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]:
            raise DataError(f"{where}: column names must differ, but {twice[0]!r} stands twice; rename one")
        if not lengths or not all(lengths.values()):
            raise DataError(f"{where}: must hold rows, but it is empty; give at least one row")
        if len(set(lengths.values())) > 1:
            sizes = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            raise DataError(f"{where}: columns must have the same number of rows, but {sizes}")
        return cls(dict(pairs), where, scan)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def parts(self, name: str) -> list[str]:
        """Names of the fields of an Arrow struct column; empty for any other column."""
        kind = getattr(self.columns.get(name), "type", None)
        fields = getattr(kind, "fields", None)  # of an Arrow struct alone
        return [] if fields is None else [field.name for field in fields]

    def column(self, name: str, role: str) -> Any:
        """The column as it is: a numpy array (rows, ...) or an Arrow column.

        Raises:
            DataError: no such column (with the nearest name).
        """
        column = self.columns.get(name)
        if column is None:
            near, names = difflib.get_close_matches(name, self.columns, n=1), sorted(self.columns)
            listed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
            hint = f"did you mean {near[0]!r}?" if near else f"known columns: {listed}"
            raise DataError(f"{self.where}: {role} column {name!r} is not there; {hint}")
        return column

    def values(self, name: str, role: str, part: str | None = None) -> np.ndarray:
        """The column as an array (rows, ...): numbers, bools or, where it holds text, strings and None.

        `part` names a field of a struct column.

        Raises:
            DataError: no such column (with the nearest name), or one that is ragged or of a kind that is not
            read.
        """
        found = np.empty(0)
        for start, rows in self.pieces(name, role, part):
            if len(rows) == len(self):
                return rows
            if not start:
                found = allocate((len(self), *rows.shape[1:]), rows.dtype)
            elif rows.dtype != found.dtype:
                found = found.astype(np.result_type(found, rows), copy=False)
            found[start : start + len(rows)] = rows
        return found

    def pieces(self, name: str, role: str, part: str | None = None) -> Iterator[tuple[int, np.ndarray]]:
        """As `values`, but some rows at a time, each with the number of its first row.

        Raises:
            DataError: as `values`.
        """
        column = self.column(name, role)
        if isinstance(column, np.ndarray):
            yield 0, column
        else:
            way_out = LEAVE_OUT if role == "feature" else "convert it"
            yield from decoded(column, f"{self.where}: column {name!r}", part=part, way_out=way_out)

    def held(self, names: Iterable[str]) -> "Table":
        """The table with these of its columns in memory, if they are small; they are read in one go.

        Raises:
            DataError: they cannot be read.
        """
        import pyarrow as pa

        there = [name for name in names if name in self.columns]
        if self.scan is None or not there:
            return self
        batches: list[Sequence[Any]] = []
        size = 0
        for batch in self.scan(there, BATCH_ROWS):
            batches.append(batch)
            size += sum(array.nbytes for array in batch)
            if size > SMALL:
                return self
        columns = map(pa.chunked_array, zip(*batches, strict=True))
        return replace(self, columns={**self.columns, **dict(zip(there, columns, strict=True))}, scan=None)

    def batches(self, names: Sequence[str], rows: int) -> Iterator[Sequence[Any]]:
        """These columns, `rows` rows at a time: of each batch a numpy or Arrow array for each name.

        Raises:
            DataError: they cannot be read.
        """
        if self.scan is not None:
            yield from self.scan(names, rows)
            return
        for start in range(0, len(self), rows):
            yield [self.columns[name][start : start + rows] for name in names]


def decoded(
    column: Any, what: str, start: int = 0, part: str | None = None, way_out: str = LEAVE_OUT
) -> Iterator[tuple[int, np.ndarray]]:
    """An Arrow column as numpy (rows, ...), chunk by chunk, each with the number of its first row.

    Raises:
        DataError: it is ragged, or of a kind that is not read; `what` names it, `start` is its first row.
    """
    from pyarrow.compute import struct_field

    from sparktune.columns.arrow import ColumnPlace, values

    place = ColumnPlace(what, DataError, way_out)
    shape = None
    for chunk in getattr(column, "chunks", [column]):
        if not len(chunk):
            continue
        rows = values(chunk if part is None else struct_field(chunk, part), place, start.__add__)
        shape = rows.shape[1:] if shape is None else shape
        if rows.shape[1:] != shape:
            raise place.ragged(start, rows.shape[1:], shape)
        yield start, rows
        start += len(rows)
