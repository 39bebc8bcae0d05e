"""Arrow columns as numpy: scalars, text, fixed-length lists, binary rows of little-endian float32."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sparktune.columns.mapped import allocate
from sparktune.errors import DataError

Row = Callable[[int], int]
BINARY = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
LISTS = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
TEXT = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)


def to_numpy(column: Any, what: str) -> np.ndarray:
    """The column as (rows, ...): missing numbers become NaN, missing text None.

    `column` is an Arrow array, or has chunks of it that are taken one after another.

    Raises:
        DataError: lists of different lengths, missing lists, or a type that is not read. `what` names the
        column.
    """
    found, filled = np.empty(0), 0
    for chunk in getattr(column, "chunks", [column]):
        if not len(chunk):
            continue
        part = _array(chunk, what, filled.__add__)
        if len(part) == len(column):
            return part
        if not filled:
            found = allocate((len(column), *part.shape[1:]), part.dtype)
        elif part.shape[1:] != found.shape[1:]:
            raise _ragged(what, filled, part.shape[1:], found.shape[1:])
        elif part.dtype != found.dtype:
            found = found.astype(np.result_type(found, part), copy=False)
        found[filled : filled + len(part)] = part
        filled += len(part)
    return found


def _array(array: Any, what: str, row: Row) -> np.ndarray:
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _array(array.dictionary_decode(), what, row)
    if pa.types.is_boolean(kind) and array.null_count:
        array = array.cast(pa.uint8())
    elif pa.types.is_decimal(kind):
        array = array.cast(pa.float64())
    elif any(test(kind) for test in LISTS):
        return _lists(array, what, row)
    elif any(test(kind) for test in BINARY):
        return _binary(array, what, row)
    elif any(test(kind) for test in TEXT):
        return np.array(array.to_pylist(), dtype=object)
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise _unread(kind, what)
    return np.asarray(array.to_numpy(zero_copy_only=False))


def _lists(array: Any, what: str, row: Row) -> np.ndarray:
    _refuse_missing(array, what, row)
    if pa.types.is_fixed_size_list(array.type):
        width = int(array.type.list_size)
    else:
        width = _width(pc.list_value_length(array).to_numpy(), what, row)
    if not width:
        raise DataError(
            f"{what} must hold numbers, but its lists are empty; leave it out by naming data.features"
        )
    inner = _array(array.flatten(), what, lambda i: row(i // width))
    return inner.reshape(len(array), width, *inner.shape[1:])


def _binary(array: Any, what: str, row: Row) -> np.ndarray:
    _refuse_missing(array, what, row)
    width = _width(pc.binary_length(array).to_numpy(), what, row)
    if not width or width % 4:
        raise DataError(
            f"{what} must hold little-endian float32 numbers of 4 bytes each, but row {row(0)} has {width} "
            "bytes"
        )
    fixed = array.cast(pa.binary(width))
    count = len(fixed) * width // 4
    numbers = np.frombuffer(fixed.buffers()[1], dtype="<f4", count=count, offset=fixed.offset * width)
    return numbers.reshape(len(fixed), width // 4)


def _width(lengths: np.ndarray, what: str, row: Row) -> int:
    """The one length that all rows have."""
    odd = np.flatnonzero(lengths != lengths[0])
    if len(odd):
        raise _ragged(what, row(int(odd[0])), int(lengths[odd[0]]), int(lengths[0]))
    return int(lengths[0])


def _refuse_missing(array: Any, what: str, row: Row) -> None:
    if array.null_count:
        first = int(np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))[0])
        raise DataError(f"{what} has no value in row {row(first)}; fill it or leave the row out")


def _ragged(what: str, row: int, length: object, first: object) -> DataError:
    return DataError(
        f"{what} is ragged: all rows must have the length of row 0, {first}, but row {row} has {length}; "
        "pad or cut the rows to one length"
    )


def _unread(kind: Any, what: str) -> DataError:
    rule = f"{what} must hold numbers, text, or lists or binary rows of numbers, but its type is {kind}"
    if pa.types.is_struct(kind) and {"indices", "values"} <= {field.name for field in kind}:
        return DataError(
            f"{rule}, a Spark ML vector; read it through Spark: source: query, "
            "query: SELECT * FROM parquet.`PATH`"
        )
    return DataError(f"{rule}; convert it, or leave it out by naming data.features")
