"""Data handed over in Python: arrays, columns, data frames."""

from collections.abc import Mapping
from typing import Any, final

import numpy as np

from sparktune.data.sources.base import DataSource, Found, Names, Origin
from sparktune.data.table import Table
from sparktune.errors import DataError

KINDS = "(x, y), (x, y, weight), a dict of columns, a pandas DataFrame or a pyarrow.Table"


@final
class Arrays(DataSource):
    """What was handed over in Python: `tune(..., data=(x, y))`."""

    def read(self, origin: Origin) -> Found:
        """The columns.

        Raises:
            DataError: nothing was handed over, or something that is no table.
        """
        if origin.where != "data":
            raise DataError(
                f"{origin.where}.source must be a file or a table, but got arrays; hand all rows over "
                "together and mark the split by a column, or by last: N"
            )
        if origin.arrays is None:
            raise DataError(
                f"{origin.where}.source is arrays, but no data were handed over; name a source, or give "
                "data=(x, y)"
            )
        return Found(in_memory_table(origin.arrays, origin.names, origin.where))


def in_memory_table(given: Any, names: Names, where: str) -> Table:
    """A table of what was given; `names` are the columns of a tuple's x, y and weight.

    Raises:
        DataError: it is none of the known kinds, or cannot be turned into columns.
    """
    columns: list[tuple[str, Any]] | None
    if isinstance(given, tuple | list) and len(given) in (2, 3):
        x, *others = given  # x is an array, or a frame of feature columns
        columns = _frame(x, where) or [(names.features, _column("x", x, where))]
        rest = [(name, c) for name, c in zip(names[1:], others, strict=False) if c is not None]
    elif isinstance(given, Mapping):
        columns, rest = [], [(str(name), c) for name, c in given.items()]
    else:
        columns, rest = _frame(given, where), []
        if columns is None:
            raise DataError(f"{where} must be {KINDS}, but got {type(given).__name__}")
    return Table.of([*columns, *((name, _column(name, c, where)) for name, c in rest)], where)


def _frame(given: Any, where: str) -> list[tuple[str, Any]] | None:
    """The columns of a pandas DataFrame or of any object with an Arrow stream; None for anything else."""
    import pandas as pd
    import pyarrow as pa

    try:
        if isinstance(given, pd.DataFrame):
            return _frame_columns(given, where)
        if isinstance(given, pa.Table | pa.RecordBatch) or hasattr(given, "__arrow_c_stream__"):
            found = pa.table(given)
            return list(zip(found.column_names, found.columns, strict=True))
    except pa.ArrowException as error:
        raise DataError(f"{where} cannot be turned into columns: {error}") from None
    return None


def _frame_columns(frame: Any, where: str) -> list[tuple[str, Any]]:
    return [(str(name), _series(str(name), frame.iloc[:, i], where)) for i, name in enumerate(frame.columns)]


def _series(name: str, series: Any, where: str) -> Any:
    import pandas as pd

    if series.dtype.kind in "biuf" and isinstance(series.dtype, np.dtype):
        return series.to_numpy()
    category = isinstance(series.dtype, pd.CategoricalDtype)
    return _arrow(name, series if category else series.tolist(), where)


def _refuse_masked(name: str, given: Any, where: str) -> None:
    masked = np.ma.getmaskarray(given)
    if masked.any():
        row = int(np.argwhere(masked)[0][0])
        raise DataError(
            f"{where}: {name} must have a value in every row, but is masked in row {row}; fill it, as "
            "array.filled(0) does, or leave the row out"
        )


def _column(name: str, given: Any, where: str) -> Any:
    """A numpy array for an array of numbers or text, a struct column for a frame, else an Arrow column."""
    import pyarrow as pa

    if np.ma.isMaskedArray(given):
        _refuse_masked(name, given, where)
    if hasattr(given, "columns") and hasattr(given, "iloc"):
        fields = _frame_columns(given, where)
        return pa.StructArray.from_arrays([pa.array(f) for _, f in fields], [name for name, _ in fields])
    if hasattr(given, "iloc"):
        return _series(name, given, where)
    if type(given).__module__.startswith("pyarrow"):
        return given
    if hasattr(given, "__array__"):
        array = np.asarray(given)
        if not array.ndim:
            raise DataError(f"{where}: {name} must have one value per row, but got the single value {array}")
        return _arrow(name, array.tolist(), where) if array.dtype.kind == "O" else array
    if isinstance(given, list | tuple | range):
        alike = {(v.shape, v.dtype) if isinstance(v, np.ndarray) else None for v in given}
        return np.stack(given) if len(alike) == 1 and None not in alike else _arrow(name, given, where)
    raise DataError(f"{where}: {name} must be an array or a list, but got {type(given).__name__}")


def _arrow(name: str, values: Any, where: str) -> Any:
    import pyarrow as pa

    try:
        if not hasattr(values, "dtype"):
            values = [value.tolist() if isinstance(value, np.ndarray) else value for value in values]
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, OverflowError, UnicodeEncodeError) as error:
        raise DataError(
            f"{where}: column {name!r} must hold values of one kind: numbers, text, or lists of numbers; "
            f"{error}"
        ) from None
