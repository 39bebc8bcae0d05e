"""Columns that need an encoder, by their types and by what they lack."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sparktune.data.raw_columns import lacks_numbers, needs_encoders
from sparktune.data.table import Table

WHOLE = pa.array([1, 2, 2])


@pytest.mark.parametrize(
    ("column", "raw", "lacking"),
    [
        (np.array([1.0, 2.0]), False, False),
        (np.array([1.0, np.nan]), False, True),
        (np.array([[1.0, np.nan]]), False, False),
        (np.array(["a", "b"]), True, False),
        (WHOLE, False, False),
        (WHOLE.dictionary_encode(), True, False),
        (pa.array([1, None]), False, True),
        (pa.array([0.5, float("nan")]), False, True),
        (pa.array([True, None]), False, True),
        (pa.array(["a", None]), True, False),
        (pa.array([[1.0, None]]), False, False),
    ],
)
def test_what_is_raw_and_what_lacks_numbers(column: Any, raw: bool, lacking: bool) -> None:
    table = Table.of([("a", column)], "data")
    assert (needs_encoders(table, ["a"]), lacks_numbers(table, ["a"])) == (raw, lacking)
    assert not needs_encoders(table, ["b"]) and not lacks_numbers(table, ["b"])
