"""Which columns of a table are raw: they hold no plain numbers, or lack some."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sparktune.data.table import Table


def needs_encoders(table: Table, names: Sequence[str]) -> bool:
    """Whether one of these columns holds words, dates or what else is no number, by its type."""
    return any(_is_raw(table.columns[name]) for name in names if name in table.columns)


def lacks_numbers(table: Table, names: Sequence[str]) -> bool:
    """Whether one of these columns holds single numbers and lacks some."""
    return any(_has_missing(table.columns[name]) for name in names if name in table.columns)


def _is_raw(column: Any) -> bool:
    if isinstance(column, np.ndarray):
        return column.dtype.kind not in "biuf"
    from sparktune.columns.encoders.types import holds_numbers, stands_for, usual_kind

    kind = stands_for(column.type)
    if not holds_numbers(kind):
        return usual_kind(kind) != "vector"
    return usual_kind(column.type) != usual_kind(kind)  # a dictionary of whole numbers is a category


def _has_missing(column: Any) -> bool:
    if isinstance(column, np.ndarray):
        return column.ndim == 1 and column.dtype.kind == "f" and bool(np.isnan(column).any())
    from sparktune.columns.arrow import plain
    from sparktune.columns.encoders.types import holds_numbers

    if not holds_numbers(column.type):
        return False
    import pyarrow.compute as pc

    return any(
        chunk.null_count or bool(pc.any(pc.is_nan(plain(chunk).cast("float64"))).as_py())
        for chunk in getattr(column, "chunks", [column])
    )
