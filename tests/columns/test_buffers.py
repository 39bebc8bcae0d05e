"""NumPy and Arrow arrays share memory, and nothing imports pandas."""

import subprocess
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sparktune.columns.buffers import DTYPES, from_numpy, from_words, given, lists, to_numpy


@pytest.mark.parametrize("kind", [*DTYPES, pa.bool_()], ids=str)
def test_numbers_and_bools_of_slices(kind: pa.DataType) -> None:
    array = pa.array([0, 1, None, 1, 0, 0, 1, 1, 1, 0, 1, None, 0], pa.int8()).cast(kind)
    for part in (array, array[1:], array[9:12], array[3:11], array[5:5], array[:0]):
        numbers = to_numpy(part)
        assert numbers.dtype == np.dtype(kind.to_pandas_dtype())
        assert numbers.tolist() == [row or 0 for row in part.to_pylist()]
        assert to_numpy(part, missing=1).tolist() == [1 if row is None else row for row in part.to_pylist()]
        valid = given(part)
        assert valid is None if not part.null_count else valid.tolist() == part.is_valid().to_pylist()
        again = from_numpy(numbers, valid)
        again.validate(full=True)
        assert again.equals(part)


def test_words_and_lists() -> None:
    for kind in (pa.string(), pa.large_string()):
        words = from_words(["a", "", "Zoë"], kind)
        words.validate(full=True)
        assert words.equals(pa.array(["a", "", "Zoë"], kind))
        assert from_words([], kind).equals(pa.array([], kind))
    rows = lists(np.array([0, 2, 2, 3], np.int32), from_numpy(np.arange(3.0)), np.array([True, False, True]))
    rows.validate(full=True)
    assert rows.equals(pa.array([[0.0, 1.0], None, [2.0]]))


LIGHT = """
import sys
import numpy as np
import pyarrow as pa
from sparktune.columns import Feature
from sparktune.columns.arrow import ColumnPlace
from sparktune.columns.buffers import from_numpy, from_words, lists
from sparktune.columns.encoders.base import encoder_class
from sparktune.columns.inputs import side_by_side
from sparktune.errors import DataError

some = np.array([True, True, False, True])
words = from_words(["a", "b", "a", "b"], pa.string())
numbers = from_numpy(np.arange(4.0), some)
codes = pa.DictionaryArray.from_arrays(from_numpy(np.array([0, 1, 1, 0], np.int32), some), words)
columns = {
    "category": [words, codes, from_numpy(np.array([5, 5, 6, 6]), some), from_numpy(some), numbers,
        from_numpy(np.array([5, 5, 6, 6], np.uint64), some)],
    "number": [numbers, numbers.cast(pa.decimal128(20, 2)), from_numpy(some)],
    "date": [from_numpy(np.arange(4, dtype=np.int32), some).view(pa.date32()), from_words(["2024-01-31"] * 4,
        pa.string()), from_numpy(np.arange(4)).view(pa.timestamp("us"))],
    "vector": [lists(np.array([0, 2, 4, 6, 8], np.int32), from_numpy(np.arange(8.0)), some)],
}
for kind, arrays in columns.items():
    maker = encoder_class(kind)
    for array in arrays:
        column = pa.chunked_array([array])
        encoder = maker.fit(column, maker.options(), ColumnPlace("a", DataError, ""))
        side_by_side([array], [Feature.encoded("a", encoder)], np.dtype("f4"))
        assert "pandas" not in sys.modules, array.type
"""


def test_a_process_that_encodes_columns_does_not_import_pandas() -> None:
    done: Any = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
