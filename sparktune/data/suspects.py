"""Columns that a model must not learn from, or cannot: ids, and the label under another name."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sparktune.columns.schema import Feature

if TYPE_CHECKING:
    import pyarrow as pa

EXACT = 2**24  # up to here float32 holds every whole number exactly
FLOAT32_MAX = float(np.finfo(np.float32).max)
FEW = 20  # rows, of which nothing can be said
NEARLY = 0.9
ROWS = 1000  # compared at a time
MANY_ROWS = 1_000_000


def why_useless(column: "pa.ChunkedArray", rows: "pa.ChunkedArray", labels: np.ndarray) -> str | None:
    """Why a column is to be left out; None where nothing speaks against it.

    Args:
        column: all rows of the table.
        rows: its training rows.
        labels: the raw labels of the table.
    """
    if _all_missing(rows):
        return "it has no value in any training row"
    if equals_label(column, labels):
        return "it equals the label in every row, which new rows will lack"
    if _is_id(rows):
        return "nearly every row has a value of its own, as ids and free text have"
    return None


def equals_label(column: Any, labels: np.ndarray) -> bool:
    """Whether a column, of numpy or Arrow, holds the label of every row; of 20 rows or more."""
    if labels.ndim != 1 or len(labels) < FEW or getattr(column, "ndim", 1) != 1:
        return False
    chunks = getattr(column, "chunks", [column])
    start = 0
    for chunk in chunks:
        for first in range(0, len(chunk), ROWS):
            part = chunk[first : first + ROWS]
            given = part.tolist() if isinstance(part, np.ndarray) else part.to_pylist()
            if given != labels[start : start + len(given)].tolist():
                return False
            start += len(given)
    return True


def misread_number(column: "pa.ChunkedArray") -> str | None:
    """A word among words that nearly all are numbers, so that it seems a slip; None elsewhere."""
    import pyarrow.compute as pc

    from sparktune.columns.encoders.types import holds_words, stands_for

    kind = stands_for(column.type)
    if not holds_words(kind):
        return None
    words = pc.unique(column.cast(kind)).drop_null()[:ROWS].to_pylist()
    odd = [word for word in words if not _reads_as_number(word)]
    return odd[0] if 0 < len(odd) < (1 - NEARLY) * len(words) else None


def _reads_as_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def leaks(features: Sequence[Feature], x: np.ndarray, labels: np.ndarray) -> list[str]:
    """The features of plain numbers, x (rows, width), that are the label itself; of 20 rows or more."""
    if x.ndim > 2 or labels.ndim > 1 or labels.dtype.kind not in "biuf" or len(labels) < FEW:
        return []
    y = labels.astype(np.float32)
    alike = np.flatnonzero((x[:ROWS] == y[:ROWS, None]).all(axis=0))
    owners = np.repeat(np.arange(len(features)), [feature.width for feature in features])
    return [features[owners[place]].name for place in alike if np.array_equal(x[:, place], y)]


def constants(features: Sequence[Feature], x: np.ndarray) -> list[str]:
    """The features of single numbers, x (rows, width), that are the same in all of 20 rows or more."""
    if x.ndim > 2 or len(x) < FEW:
        return []
    alike = np.flatnonzero((x[:ROWS] == x[0]).all(axis=0))
    owners = np.repeat(np.arange(len(features)), [feature.width for feature in features])
    single = [place for place in alike if not features[owners[place]].shape]
    return [features[owners[place]].name for place in single if (x[:, place] == x[0, place]).all()]


def conflated(values: np.ndarray) -> tuple[int, int]:
    """How many different values there are of whole numbers, and how many of them float32 holds apart.

    Both are 0 where float32 holds them all, or where they are no whole numbers.
    """
    values = values[:MANY_ROWS]
    largest = max(abs(float(values.min())), abs(float(values.max()))) if len(values) else 0.0
    if not EXACT < largest <= FLOAT32_MAX or not np.array_equal(values, np.floor(values)):
        return 0, 0
    distinct, left = len(np.unique(values)), len(np.unique(values.astype(np.float32)))
    return (distinct, left) if left < distinct else (0, 0)


def _all_missing(rows: "pa.ChunkedArray") -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    if rows.null_count == len(rows):
        return True
    return pa.types.is_floating(rows.type) and bool(pc.all(pc.is_nan(rows)).as_py())


def _is_id(rows: "pa.ChunkedArray") -> bool:
    """Whether nearly every training row has a word of its own, or a whole number that float32 loses."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from sparktune.columns.encoders.types import holds_words, stands_for

    kind = stands_for(rows.type)
    present = len(rows) - rows.null_count
    if present < FEW:
        return False
    if holds_words(kind):
        return bool(pc.count_distinct(rows.cast(kind)).as_py() > NEARLY * present)
    if not pa.types.is_integer(kind):
        return False
    values = rows.cast(kind).drop_null().to_numpy()
    distinct, left = conflated(values)
    return bool(distinct > NEARLY * min(present, MANY_ROWS) and left < NEARLY * distinct)
