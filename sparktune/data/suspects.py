"""Columns that a model must not learn from, or cannot: ids, and the label under another name."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, final

import numpy as np

from sparktune.data.precision import MANY_ROWS, conflated
from sparktune.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

    from sparktune.columns.arrow import ColumnPlace

FEW = 20  # rows, of which nothing can be said
NEARLY = 0.9
ROWS = 1000  # compared at a time
FIRST_ROWS = 10_000
FEW_WORDS = 3  # different ones; of fewer nothing can be said
ADORNED = re.compile(r"[$€£%,\s]")  # what people write into numbers
OTHER_DATE = re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{2,4}([ T].*)?")

Coding = Callable[[np.ndarray], np.ndarray]  # of labels, as some column may write them


def why_useless(column: "pa.ChunkedArray", rows: "pa.ChunkedArray", labels: np.ndarray) -> str | None:
    """Why a column is to be left out; None where nothing speaks against it.

    Args:
        column: all rows of the table.
        rows: its training rows.
        labels: the raw labels of the table.
    """
    import pyarrow as pa

    from sparktune.columns.encoders.types import holds_dates

    if missing_count(rows) == len(rows):
        return "it has no value in any training row"
    if pa.types.is_decimal(column.type) and labels.dtype.kind == "f":  # as labels are that were decimals
        column, labels = column.cast("float64").cast("float32", safe=False), labels.astype(np.float32)
    if not holds_dates(column.type) and equals_label(column, labels):
        return "it equals the label wherever it has a value, which new rows will lack"
    if _is_id(rows):
        return "nearly every row has a value of its own, as ids and free text have"
    return None


def equals_label(column: Any, labels: np.ndarray) -> bool:
    """Whether a column, of numpy or Arrow, holds the label in each of its rows with a value.

    It must have 20 of them or more, of two labels or more: the commonest one alone may be chance. Two words
    may be 0 and 1 there.
    """
    if labels.ndim != 1 or len(labels) < FEW or getattr(column, "ndim", 1) != 1:
        return False
    if _holds(column, labels, np.asarray) > 1:
        return True
    return any(_holds(column, labels, coding) == 2 for coding in _codings_of_words(labels))


def _codings_of_words(labels: np.ndarray) -> list[Coding]:
    """Two words as 0 and 1, and as 1 and 0; none of labels that are no words."""
    if labels.dtype.kind not in "UO" or not len(labels):
        return []
    word = labels[0]
    return [lambda part: part == word, lambda part: part != word]


def _holds(column: Any, labels: np.ndarray, coding: Coding) -> int:
    """How many labels the rows with a value have, where all hold it in this coding; 0 where one does not."""
    chunks = getattr(column, "chunks", [column])
    start = 0
    found = []
    for chunk in chunks:
        for first in range(0, len(chunk), ROWS):
            part = chunk[first : first + ROWS]
            given = part.tolist() if isinstance(part, np.ndarray) else part.to_pylist()
            expected = labels[start : start + len(given)]
            coded = coding(expected).tolist()
            rows = [row for row, value in enumerate(given) if _has_value(value)]
            if any(given[row] != coded[row] for row in rows):
                return 0
            found += expected[rows].tolist()
            start += len(given)
    return len(set(found)) if len(found) >= FEW else 0


def _has_value(value: Any) -> bool:
    return value is not None and (not isinstance(value, float) or value == value)


def missing_count(rows: "pa.ChunkedArray") -> int:
    """How many rows have no value: NULL, or NaN among floats."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_floating(rows.type):
        return int(rows.null_count)
    return int(rows.null_count + (pc.sum(pc.is_nan(rows)).as_py() or 0))


def misread_number(column: "pa.ChunkedArray") -> str | None:
    """A word among words that nearly all are numbers, so that it seems a slip; None elsewhere."""
    import pyarrow.compute as pc

    from sparktune.columns.arrow import plain_column
    from sparktune.columns.encoders.types import holds_words

    if not holds_words(column.type):
        return None
    words = pc.unique(plain_column(column)).drop_null()[:ROWS].to_pylist()
    odd = [word for word in words if not _reads_as_number(word)]
    return odd[0] if 0 < len(odd) < (1 - NEARLY) * len(words) else None


def lost_in_words(column: "pa.ChunkedArray", name: str, place: "ColumnPlace") -> str | None:
    """The dates or numbers that the words of a column are, and how to use them; None where they are neither.

    As words they would be names without an order, most of them rare. Whole numbers may be meant as names.
    """
    import pyarrow.compute as pc

    from sparktune.columns.arrow import plain_column
    from sparktune.columns.encoders.types import holds_words

    if not holds_words(column.type):
        return None
    words = pc.unique(plain_column(column[:FIRST_ROWS])).drop_null()[:ROWS]
    texts = words.to_pylist()
    if len(texts) < FEW_WORDS or all(map(str.isdigit, texts)):
        return None
    if all(map(OTHER_DATE.fullmatch, texts)):
        return f"dates as words, such as {texts[0]!r}; write them as 2024-01-31"
    if all(_reads_as_number(ADORNED.sub("", text)) for text in texts):
        return f"numbers as words, such as {texts[0]!r}; write them as numbers"
    return f"dates as words; set data.columns: {{{name}: date}}" if _are_dates(words, place) else None


def _are_dates(words: "pa.Array", place: "ColumnPlace") -> bool:
    import pyarrow as pa

    from sparktune.columns.encoders.date import DateEncoder, DateOptions

    try:
        return bool(DateEncoder.fit(pa.chunked_array([words]), DateOptions(), place))
    except InputError:
        return False


def _reads_as_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


@final
class Watch:
    """Looks at a column of plain numbers, piece by piece: is it the label, or the same in all rows?

    Args:
        labels: the raw labels of all rows.
    """

    def __init__(self, labels: np.ndarray) -> None:
        self._labels = labels
        self._words = labels.dtype.kind not in "biuf"
        codings: list[Coding] = _codings_of_words(labels) if self._words else [np.asarray]
        enough = labels.ndim == 1 and len(labels) >= FEW
        # Whether each number of a row is the label, in the codings in which some number may be.
        self._equal = dict.fromkeys(codings if enough else [], np.ones(1, bool))
        self._same = True
        self._first: np.ndarray | None = None
        self._rows = 0

    def see(self, values: np.ndarray, start: int) -> None:
        """Look at the numbers (rows, ...) from row `start` on."""
        flat = values.reshape(len(values), -1)
        if self._first is None:
            self._first = flat[0].astype(np.float32)
            self._same = values.ndim == 1
        self._rows += len(flat)
        for part in (slice(0, ROWS), slice(ROWS, None)):  # most columns are neither, as few rows show
            if self._same:
                self._same = bool((flat[part].astype(np.float32) == self._first).all())
            for coding, equal in [*self._equal.items()]:
                y = coding(self._labels[start : start + len(flat)][part]).astype(np.float32)
                self._equal[coding] = equal & (flat[part].astype(np.float32) == y[:, None]).all(axis=0)
                if not self._equal[coding].any():
                    del self._equal[coding]

    @property
    def equal(self) -> bool:
        """Whether some number of the rows is the label in each of 20 or more; two words may be 0 and 1."""
        return bool(self._equal) and (not self._words or len(np.unique(self._labels)) == 2)

    @property
    def constant(self) -> bool:
        """Whether it is a single number, the same in each of 20 rows or more."""
        return self._same and self._rows >= FEW


def _is_id(rows: "pa.ChunkedArray") -> bool:
    """Whether nearly every training row has a word of its own, or a whole number that float32 loses."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from sparktune.columns.arrow import plain_column
    from sparktune.columns.encoders.types import holds_words

    if len(rows) < FEW:
        return False
    stored = plain_column(rows)
    present = len(stored) - stored.null_count
    if present < FEW:
        return False
    if holds_words(stored.type):
        return bool(pc.count_distinct(stored).as_py() > NEARLY * present)
    if not pa.types.is_integer(stored.type):
        return False
    values = stored.drop_null().to_numpy()
    distinct, left = conflated(values)
    return bool(distinct > NEARLY * min(present, MANY_ROWS) and left < NEARLY * distinct)
