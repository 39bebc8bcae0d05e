"""A table of named columns of equal length, converted to numpy one column at a time."""

import difflib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from sparktune.data.mapped import allocate
from sparktune.errors import DataError


@final
@dataclass(frozen=True)
class Table:
    """Columns by name, each a numpy array (rows, ...) or an Arrow column.

    Messages name the table by `where`.
    """

    columns: dict[str, Any]
    where: str = "data"

    @classmethod
    def of(cls, columns: Iterable[tuple[str, Any]], where: str) -> "Table":
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
            raise DataError(f"{where}: must hold rows, but it is empty; give at least two rows")
        if len(set(lengths.values())) > 1:
            sizes = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            raise DataError(f"{where}: columns must have the same number of rows, but {sizes}")
        return cls(dict(pairs), where)

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
        column = self.column(name, role)
        if isinstance(column, np.ndarray):
            return column
        return _joined(column, f"{self.where}: column {name!r}", part)


def _joined(column: Any, what: str, part: str | None) -> np.ndarray:
    """An Arrow column as numpy (rows, ...); its chunks are decoded one by one, each freed before the next."""
    from pyarrow.compute import struct_field

    from sparktune.columns.arrow import ColumnPlace, values

    place = ColumnPlace(what, DataError, "convert it, or leave it out by naming data.features")
    found, filled = np.empty(0), 0
    for chunk in getattr(column, "chunks", [column]):
        if not len(chunk):
            continue
        rows = values(chunk if part is None else struct_field(chunk, part), place, filled.__add__)
        if len(rows) == len(column):
            return rows
        if not filled:
            found = allocate((len(column), *rows.shape[1:]), rows.dtype)
        elif rows.shape[1:] != found.shape[1:]:
            raise place.ragged(filled, rows.shape[1:], found.shape[1:])
        elif rows.dtype != found.dtype:
            found = found.astype(np.result_type(found, rows), copy=False)
        found[filled : filled + len(rows)] = rows
        filled += len(rows)
    return found
