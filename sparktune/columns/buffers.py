"""NumPy and Arrow arrays share memory here: `to_numpy`, `pa.array` and `pa.scalar` of PyArrow import pandas.

pandas takes 40 MiB and a quarter of a CPU second in each process that scores, which never needs it.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa

NUMBERS = "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64"
DTYPES = {pa.from_numpy_dtype(name): np.dtype(name) for name in NUMBERS.split()}


def to_numpy(array: pa.Array, missing: int = 0) -> np.ndarray:
    """The numbers or bools of an array, (rows,), `missing` in place of NULL; perhaps not writable.

    Example:
        >>> to_numpy(pa.array([1.5, None]))
        array([1.5, 0. ])
    """
    if array.null_count:
        array = array.fill_null(_scalar(missing, array.type))
    data, start, rows = array.buffers()[1], array.offset, len(array)
    if not rows:
        data, start = b"", 0
    if pa.types.is_boolean(array.type):
        eights = np.frombuffer(data, np.uint8, offset=start // 8)
        return np.unpackbits(eights, count=start % 8 + rows, bitorder="little")[start % 8 :].view(bool)
    dtype = DTYPES[array.type]
    return np.frombuffer(data, dtype, rows, start * dtype.itemsize)


def given(array: pa.Array) -> np.ndarray | None:
    """Which rows are not NULL, (rows,) bool; None where all are not."""
    return to_numpy(array.is_valid()) if array.null_count else None


def from_numpy(values: np.ndarray, valid: np.ndarray | None = None) -> pa.Array:
    """Numbers or bools, (rows,), as an Arrow array; NULL where `valid`, (rows,) bool, is False.

    Example:
        >>> from_numpy(np.array([1.5, 2.5]), np.array([True, False])).to_pylist()
        [1.5, None]
    """
    kind = pa.from_numpy_dtype(values.dtype)
    data = _bits(values) if pa.types.is_boolean(kind) else pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(values), [_validity(valid), data])


def from_words(words: Sequence[str], kind: pa.DataType) -> pa.Array:
    """Words as an array of Arrow's type `string` or `large_string`."""
    texts = [word.encode() for word in words]
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int64 if pa.types.is_large_string(kind) else np.int32)
    return pa.Array.from_buffers(kind, len(texts), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(texts))])


def lists(ends: np.ndarray, values: pa.Array, valid: np.ndarray | None = None) -> pa.Array:
    """An array of lists: row i has the values from ends[i] to before ends[i + 1], (rows + 1,) int32."""
    buffers = [_validity(valid), pa.py_buffer(ends)]
    return pa.Array.from_buffers(pa.list_(values.type), len(ends) - 1, buffers, children=[values])


def _validity(valid: np.ndarray | None) -> pa.Buffer | None:
    return None if valid is None or valid.all() else _bits(valid)


def _bits(flags: np.ndarray) -> pa.Buffer:
    return pa.py_buffer(np.packbits(flags, bitorder="little"))


@lru_cache(maxsize=64)
def _scalar(value: int, kind: pa.DataType) -> pa.Scalar:
    return from_numpy(np.array([value])).cast(kind)[0]
