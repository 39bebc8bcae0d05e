"""Columns become numbers side by side: scalars, nested lists, ML vectors and binary float32."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sparktune.columns.schema import Feature
from sparktune.errors import ScoringError

VECTOR = ["type", "size", "indices", "values"]
Filled = tuple[np.ndarray, np.ndarray]


def side_by_side(columns: Sequence[Any], features: Sequence[Feature], dtype: np.dtype) -> Filled:
    """The numbers of equally long columns, (rows, width), and which rows hold no NULL, (rows,) bool.

    A column is an Arrow or numpy array; rows with a NULL hold zeros.

    Raises:
        ScoringError: a column is not numeric, ragged, or not as wide as its feature.
    """
    if len(features) == 1:
        return numbers(columns[0], features[0].name, features[0].width, dtype)
    rows = len(columns[0])
    x = np.empty((rows, sum(f.width for f in features)), dtype)
    valid = np.ones(rows, bool)
    at = 0
    for column, feature in zip(columns, features, strict=True):
        x[:, at : at + feature.width], filled = numbers(column, feature.name, feature.width, dtype)
        valid &= filled
        at += feature.width
    return x, valid


def numbers(column: Any, name: str, width: int, dtype: np.dtype) -> Filled:
    """One column's numbers, (rows, width), and which rows hold no NULL."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "biuf":
        flat = column.reshape(len(column), -1) if column.size else column.reshape(len(column), width)
        _check_width(name, flat.shape[1], width)
        return flat.astype(dtype, copy=False), np.ones(len(flat), bool)
    return _numbers(_plain(column), name, width, dtype)


def find(name: str, names: Iterable[str], what: str = "feature column") -> str:
    """`name`, if it is one of `names`.

    Raises:
        ScoringError: it is not; names the nearest.
    """
    names = list(names)
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"the columns are {', '.join(map(repr, names))}"
    raise ScoringError(f"{what} {name!r} is missing; {hint}")


def is_vector(kind: pa.DataType) -> bool:
    """Whether an Arrow type is that of Spark ML's vectors."""
    return bool(pa.types.is_struct(kind)) and [f.name for f in kind] == VECTOR


def _plain(column: Any) -> pa.Array:
    """An Arrow array without chunks, extension types and dictionaries."""
    if not isinstance(column, pa.Array | pa.ChunkedArray):
        nested = any(isinstance(v, list | tuple | np.ndarray) for v in column)
        values = [v.ravel() if isinstance(v, np.ndarray) else v for v in column]
        column = pa.array(values, from_pandas=not nested)  # NaN inside an array stays NaN
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    return column.dictionary_decode() if isinstance(column, pa.DictionaryArray) else column


def _numbers(column: pa.Array, name: str, width: int, dtype: np.dtype) -> Filled:
    kind = column.type
    if is_vector(kind):
        return _vectors(column, name, width, dtype)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _lists(column, name, width, dtype)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _spread(column, _floats(column.drop_null(), name, width), dtype)
    return _scalars(column, name, width, dtype)


def _scalars(column: pa.Array, name: str, width: int, dtype: np.dtype) -> Filled:
    kind = column.type
    if pa.types.is_null(kind):
        return np.zeros((len(column), width), dtype), np.zeros(len(column), bool)
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    elif pa.types.is_boolean(kind):
        column = column.cast(pa.uint8())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise ScoringError(f"feature column {name!r} must hold numbers, but got {kind}; cast it")
    _check_width(name, 1, width)
    values = column.fill_null(0) if column.null_count else column
    return values.to_numpy(zero_copy_only=False).astype(dtype, copy=False).reshape(-1, 1), _valid(column)


def _lists(column: pa.Array, name: str, width: int, dtype: np.dtype) -> Filled:
    lengths = np.unique(pc.list_value_length(column.drop_null()).to_numpy(zero_copy_only=False))
    if len(lengths) == 0:
        return np.zeros((len(column), width), dtype), np.zeros(len(column), bool)
    if len(lengths) > 1 or lengths[0] == 0 or width % lengths[0]:
        raise ScoringError(
            f"feature column {name!r} must hold arrays of {width} numbers in every row, "
            f"but got lengths {', '.join(map(str, lengths[:5]))}"
        )
    side = int(lengths[0])
    inner, valid = _numbers(_plain(column.flatten()), name, width // side, dtype)
    rows = len(inner) // side
    x, filled = _spread(column, inner.reshape(rows, width), dtype)
    if not valid.all():
        filled[filled] = valid.reshape(rows, side).all(axis=1)
    return x, filled


def _floats(column: pa.Array, name: str, width: int) -> np.ndarray:
    """Little-endian float32 bytes as (rows, width); no NULL among them."""
    lengths = np.unique(pc.binary_length(column).to_numpy(zero_copy_only=False))
    if len(column) and lengths.tolist() != [4 * width]:
        raise ScoringError(
            f"feature column {name!r} must hold {width} float32 numbers ({4 * width} bytes) in every row, "
            f"but got {', '.join(map(str, lengths[:5]))} bytes"
        )
    packed = column.cast(pa.large_binary())
    _, offsets, data = packed.buffers()
    if not len(packed) or data is None:
        return np.zeros((0, width), np.float32)
    start = int(np.frombuffer(offsets, np.int64, 1, 8 * packed.offset)[0])
    return np.frombuffer(data, "<f4", len(packed) * width, start).reshape(-1, width)


def _vectors(column: pa.Array, name: str, width: int, dtype: np.dtype) -> Filled:
    """Spark ML vectors: type 1 is dense, type 0 sparse."""
    column_valid = column.drop_null()
    kinds, sizes, places, values = column_valid.flatten()
    dense = np.zeros((len(column_valid), width), dtype)
    for row, (kind, size, at, given) in enumerate(zip(kinds, sizes, places, values, strict=True)):
        _check_width(name, len(given) if kind.as_py() == 1 else size.as_py(), width)
        dense[row, slice(None) if kind.as_py() == 1 else at.values.to_numpy()] = given.values.to_numpy()
    return _spread(column, dense, dtype)


def _spread(column: pa.Array, filled: np.ndarray, dtype: np.dtype) -> Filled:
    """Rows of the non-NULL entries put back in their places."""
    valid = _valid(column)
    if not column.null_count:
        return filled.astype(dtype, copy=False), valid
    x = np.zeros((len(column), filled.shape[1]), dtype)
    x[valid] = filled
    return x, valid


def _valid(column: pa.Array) -> np.ndarray:
    if not column.null_count:
        return np.ones(len(column), bool)
    return np.array(column.is_valid().to_numpy(zero_copy_only=False))


def _check_width(name: str, got: int, width: int) -> None:
    if got != width:
        raise ScoringError(f"feature column {name!r} must hold {width} numbers in a row, but got {got}")
