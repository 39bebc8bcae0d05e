"""Arrow arrays become numbers, by one set of rules for training and for scoring.

| Arrow type | numbers of a row |
| --- | --- |
| integers, floats, bools, decimals | one; a decimal as float64 |
| lists of any of these, of fixed or common length, nested too | the lists' shape |
| binary | little-endian float32, 4 bytes each |
| Spark ML vectors, dense or sparse | the vector's float64 numbers |
| dictionaries, run-end encodings, extension types | what they stand for, unless text or binary |

Nothing else is a number: text, dates, times and structs are refused.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sparktune.columns.buffers import given, to_numpy
from sparktune.errors import InputError

RowOf = Callable[[int], object]  # what names the row, in errors, that a place in an array belongs to
VECTOR = ["type", "size", "indices", "values"]
SPARSE = 0
LISTS = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
BINARY = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
TEXT = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)


class Decoded(NamedTuple):
    """Numbers (rows, *shape), and which rows have them: (rows,) bool, or None where all do.

    A row with a NULL, inside a list too, holds zeros or what else is there. Where no row has numbers the
    shape is not known and `values` is (rows,).
    """

    values: np.ndarray
    valid: np.ndarray | None


@final
@dataclass(frozen=True)
class ColumnPlace:
    """How a column is named in errors (`what`), which error is raised, and the way out it offers.

    `width` is how many numbers each row must have, where that is known.
    """

    what: str
    error: type[InputError]
    way_out: str
    width: int | None = None

    def ragged(self, row: object, length: object, first: object) -> InputError:
        """The error for a row of another length than the first row, or than it must have."""
        if self.width is not None:
            return self.error(
                f"{self.what} must hold {self.width} numbers in a row, but row {row} holds {length}"
            )
        return self.error(
            f"{self.what} is ragged: all rows must have the length of row 0, {first}, but row {row} has "
            f"{length}; pad or cut the rows to one length"
        )

    def not_numbers(self, kind: pa.DataType) -> InputError:
        """The error for a type that holds no numbers."""
        return self.error(f"{self.what} must hold numbers, but its type is {kind}; {self.way_out}")


def decode(array: pa.Array, place: ColumnPlace, row: RowOf = int) -> Decoded:
    """The numbers of an Arrow array; `row` gives what names the row, its number say, of a place in the array.

    Raises:
        InputError: that of `place`: a type that holds no numbers, or rows of different lengths.
    """
    kind = array.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return _scalars(array)
    if any(test(kind) for test in LISTS):
        return _lists(array, place, row)
    if _is_binary(kind):
        return _binary(array, place, row)
    if is_vector(kind):
        return _vectors(array, place, row)
    if pa.types.is_decimal(kind):
        return _scalars(array.cast(pa.float64()))
    if pa.types.is_null(kind):
        return Decoded(np.zeros(len(array), np.float32), np.zeros(len(array), bool))
    stored = plain(array)
    if stored.type == kind or (isinstance(kind, pa.BaseExtensionType) and _is_binary(stored.type)):
        raise place.not_numbers(kind)
    return decode(stored, place, row)


def values(array: pa.Array, place: ColumnPlace, row: RowOf = int) -> np.ndarray:
    """A column with text and missing values as numpy (rows, ...): NaN and None where a scalar is missing.

    Raises:
        InputError: that of `place`: also where a row of several numbers is missing or incomplete.
    """
    text = plain(array)
    if any(test(text.type) for test in TEXT):
        return np.array(text.to_pylist(), dtype=object)
    numbers, valid = decode(array, place, row)
    if valid is None or valid.all():
        return numbers
    scalar = pa.types.is_primitive(text.type) or pa.types.is_decimal(text.type)
    if numbers.ndim > 1 or not scalar:
        raise place.error(
            f"{place.what} has no value in row {row(int(valid.argmin()))}, or a NULL among its numbers; fill "
            "it or leave the row out"
        )
    return np.where(valid, numbers, np.float32(np.nan))


def is_vector(kind: pa.DataType) -> bool:
    """Whether an Arrow type is that of Spark ML's vectors."""
    if not pa.types.is_struct(kind) or [field.name for field in kind] != VECTOR:
        return False
    form, size, indices, numbers = (field.type for field in kind)
    scalars, lists = (form, size), (indices, numbers)
    if not all(map(pa.types.is_integer, scalars)) or not all(map(pa.types.is_list, lists)):
        return False
    return bool(pa.types.is_integer(indices.value_type) and pa.types.is_floating(numbers.value_type))


def plain(array: pa.Array) -> pa.Array:
    """What a dictionary, run-end encoding, view or extension type stands for; else the array itself."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return plain(array.storage)
    if pa.types.is_dictionary(kind):
        return plain(array.dictionary_decode())
    if pa.types.is_run_end_encoded(kind):
        return plain(pc.run_end_decode(array))
    return without_view(array)


def without_view(array: pa.Array) -> pa.Array:
    """Text or bytes that are stored as views as Arrow's large ones, since it takes no rows from views."""
    if pa.types.is_string_view(array.type):
        return array.cast(pa.large_string())
    return array.cast(pa.large_binary()) if pa.types.is_binary_view(array.type) else array


def plain_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of at least one chunk as what its type stands for."""
    return pa.chunked_array([plain(chunk) for chunk in column.chunks])


def _is_binary(kind: pa.DataType) -> bool:
    return any(test(kind) for test in BINARY)


def _scalars(array: pa.Array) -> Decoded:
    return Decoded(to_numpy(array), given(array))


def _lists(array: pa.Array, place: ColumnPlace, row: RowOf) -> Decoded:
    valid = given(array)
    if any(test(array.type.value_type) for test in LISTS):
        place = replace(place, width=None)  # which the lists inside make together
    if pa.types.is_fixed_size_list(array.type):
        side, rows = int(array.type.list_size), len(array) - array.null_count
    else:
        lengths = to_numpy(pc.list_value_length(array).drop_null())
        side, rows = _common(lengths, place, _among(valid, row), place.width), len(lengths)
    if rows and not side:
        raise place.error(f"{place.what} must hold numbers, but its lists are empty; leave it out")
    found = decode(array.flatten(), place, lambda i: _among(valid, row)(i // side))
    if not rows or (found.valid is not None and not found.valid.any()):
        return Decoded(np.zeros(len(array), np.float32), np.zeros(len(array), bool) if len(array) else None)
    whole: np.ndarray | None = None
    if found.valid is not None:
        whole = np.all(found.valid.reshape(rows, -1), axis=1)
    return _spread(found.values.reshape(rows, side, *found.values.shape[1:]), valid, whole)


def _binary(array: pa.Array, place: ColumnPlace, row: RowOf) -> Decoded:
    valid = given(array)
    whole = array.drop_null() if valid is not None else array
    if pa.types.is_fixed_size_binary(whole.type):
        width = whole.type.byte_width
        start, data = whole.offset * width, whole.buffers()[1]
    else:
        expected = None if place.width is None else 4 * place.width
        width = _common(to_numpy(pc.binary_length(whole)), place, _among(valid, row), expected, " bytes")
        size = np.int64 if pa.types.is_large_binary(whole.type) else np.int32
        _, offsets, data = whole.buffers()
        start = int(np.frombuffer(offsets, size)[whole.offset]) if len(whole) else 0
    if len(whole) and (not width or width % 4):
        raise place.error(
            f"{place.what} must hold little-endian float32 numbers of 4 bytes each, but row "
            f"{_among(valid, row)(0)} has {width} bytes"
        )
    if not len(whole):
        return Decoded(np.zeros(len(array), np.float32), valid)
    numbers = np.frombuffer(data, "<f4", len(whole) * width // 4, start)
    return _spread(numbers.reshape(len(whole), width // 4), valid)


def _vectors(array: pa.Array, place: ColumnPlace, row: RowOf) -> Decoded:
    """Sparse vectors name the indices of their values; a dense one's stand at 0, 1, 2, ..."""
    valid = given(array)
    kinds, sizes, indices, numbers = (array.drop_null() if valid is not None else array).flatten()
    if not len(kinds):
        return Decoded(np.zeros(len(array), np.float32), valid)
    row = _among(valid, row)
    sparse, lengths = to_numpy(kinds, missing=1) == SPARSE, _lengths(numbers)
    width = _common(np.where(sparse, to_numpy(sizes), lengths), place, row, place.width)
    flat, present = _scalars(numbers.flatten())
    rows = np.repeat(np.arange(len(kinds)), lengths)
    whole = None if present is None else np.bincount(rows[~present], minlength=len(kinds)) == 0
    if not sparse.any():
        return _spread(flat.reshape(len(kinds), width), valid, whole)
    wrong = _lengths(indices) != np.where(sparse, lengths, 0)
    at = np.arange(len(flat)) - (np.cumsum(lengths) - lengths)[rows]
    if not wrong.any():
        at[sparse[rows]] = to_numpy(indices.flatten())
        wrong[rows[(at < 0) | (at >= width)]] = True
    if wrong.any():
        raise place.error(
            f"{place.what} must hold sparse vectors with one index from 0 to {width - 1} for each value, but "
            f"row {row(int(wrong.argmax()))} does not; write it again"
        )
    dense = np.zeros((len(kinds), width), flat.dtype)
    dense[rows, at] = flat
    return _spread(dense, valid, whole)


def _lengths(lists: pa.Array) -> np.ndarray:
    """Values in each list; 0 for NULL."""
    return to_numpy(pc.list_value_length(lists))


def _common(
    lengths: np.ndarray, place: ColumnPlace, row: RowOf, expected: int | None = None, unit: str = ""
) -> int:
    """The one length that all rows have, the expected one where it is known; 0 where there are no rows."""
    if not len(lengths):
        return 0
    common = int(lengths[0]) if expected is None else expected
    odd = lengths != common
    if odd.any():
        first = int(odd.argmax())
        raise place.ragged(row(first), f"{lengths[first]}{unit}", f"{common}{unit}")
    return common


def _among(valid: np.ndarray | None, row: RowOf) -> RowOf:
    """The row of a place among those that are not NULL."""
    return row if valid is None else lambda i: row(int(np.flatnonzero(valid)[i]))


def _spread(numbers: np.ndarray, valid: np.ndarray | None, whole: np.ndarray | None = None) -> Decoded:
    """The rows that are not NULL, `whole` where none of their own numbers is, put back in their places."""
    if valid is None:
        return Decoded(numbers, whole)
    spread = np.zeros((len(valid), *numbers.shape[1:]), numbers.dtype)
    spread[valid] = numbers
    if whole is None:
        return Decoded(spread, valid)
    complete = valid.copy()
    complete[valid] = whole
    return Decoded(spread, complete)
