"""Feature columns as one array x, in the most compact dtype that stays true."""

import logging

import numpy as np

from sparktune.columns.schema import Feature
from sparktune.data.table import Table
from sparktune.errors import DataError

INT32 = np.iinfo(np.int32)
EXACT = 2**24  # float32 holds every whole number up to here apart from the next
MANY_ROWS = 1_000_000
FLOAT32_MAX = float(np.finfo(np.float32).max)

log = logging.getLogger("sparktune")


def features_of(names: tuple[str, ...], tables: list[Table]) -> tuple[tuple[Feature, ...], list[np.ndarray]]:
    """The features, and x (rows, *input_shape) of each table.

    A single array column keeps its shape; else the numbers of all columns stand side by side, float32 unless
    there is one column. uint8 stays, bools become uint8, other integers int32 where they fit, all else
    float32.

    Raises:
        DataError: a column that is missing, not numeric, ragged, NaN or infinite, or of another shape in
        another table.
    """
    columns = [[_numbers(table, name) for name in names] for table in tables]
    for table, found in zip(tables, columns, strict=True):
        _same_shapes(names, found, columns[0], table)
    alike = [_alike([found[i] for found in columns]) for i in range(len(names))]
    features = tuple(
        Feature(name=name, dtype=str(arrays[0].dtype), shape=arrays[0].shape[1:])
        for name, arrays in zip(names, alike, strict=True)
    )
    return features, [_side_by_side([arrays[t] for arrays in alike]) for t in range(len(tables))]


def _numbers(table: Table, name: str) -> np.ndarray:
    values = table.values(name, "feature")
    if values.dtype.kind not in "biuf":
        raise DataError(
            f"{table.where}: feature {name!r} must be numeric, but {_text(values)}; encode it as numbers, or "
            "leave it out by naming data.features"
        )
    if not all(values.shape):
        raise DataError(f"{table.where}: feature {name!r} must hold numbers, but its shape is {values.shape}")
    if values.ndim == 1:
        _warn_of_collapsed(table, name, values)
    compact = _compact(values)
    if compact.dtype.kind == "f" and not np.isfinite(compact.sum(dtype=np.float64)):
        _refuse_infinite(table, name, values, compact)
    return compact


def _text(values: np.ndarray) -> str:
    """What makes the column unnumeric."""
    if values.dtype.kind not in "OUS" or values.ndim > 1:
        return f"its type is {values.dtype}"
    for row, value in enumerate(values):
        try:
            float(value)
        except (TypeError, ValueError):
            return f"row {row} holds {value!r}"
    return "it holds numbers written as text"


def _warn_of_collapsed(table: Table, name: str, values: np.ndarray) -> None:
    """Say where different whole numbers, of an id perhaps, are the same number to a model.

    The first million rows tell; all of them would have to be sorted.
    """
    values = values[:MANY_ROWS]
    largest = max(abs(float(values.min())), abs(float(values.max()))) if values.dtype.kind in "iuf" else 0
    if not EXACT < largest <= FLOAT32_MAX or not np.array_equal(values, np.floor(values)):
        return
    distinct = len(np.unique(values))
    left = len(np.unique(values.astype(np.float32)))
    if left < distinct:
        log.warning(
            "%s: feature %r has %d different values, of which float32, as models compute, holds %d apart; "
            "leave it out by naming data.features if it is an id, or subtract an offset",
            table.where,
            name,
            distinct,
            left,
        )


def _compact(values: np.ndarray) -> np.ndarray:
    kind = values.dtype
    if kind == np.bool_:
        return values.view(np.uint8)
    if kind == np.uint8:
        return values
    if kind.kind in "iu" and INT32.min <= values.min() and values.max() <= INT32.max:
        return values.astype(np.int32, copy=False)
    with np.errstate(over="ignore"):
        return values.astype(np.float32, copy=False)


def _refuse_infinite(table: Table, name: str, values: np.ndarray, compact: np.ndarray) -> None:
    """Raise for the first number that is missing, infinite or beyond float32."""
    bad = ~np.isfinite(compact)
    if bad.any():
        row, *place = (int(i) for i in np.argwhere(bad)[0])
        at = f"row {row}" + (f", place {place}" if place else "")
        raise DataError(
            f"{table.where}: feature {name!r} must hold finite float32 numbers, but holds "
            f"{values[(row, *place)]} in {at}; fill it or leave the row out"
        )


def _same_shapes(
    names: tuple[str, ...], found: list[np.ndarray], first: list[np.ndarray], table: Table
) -> None:
    for name, array, other in zip(names, found, first, strict=True):
        if array.shape[1:] != other.shape[1:]:
            raise DataError(
                f"{table.where}: feature {name!r} must have shape {other.shape[1:]} as in data, but has "
                f"{array.shape[1:]}"
            )


def _alike(arrays: list[np.ndarray]) -> list[np.ndarray]:
    """One column of several tables in one dtype."""
    kind = np.result_type(*arrays)
    common = np.dtype(np.float32) if kind.kind == "f" else kind
    return [array.astype(common, copy=False) for array in arrays]


def _side_by_side(arrays: list[np.ndarray]) -> np.ndarray:
    if len(arrays) == 1:
        return arrays[0] if arrays[0].ndim > 1 else arrays[0].reshape(-1, 1)
    rows = len(arrays[0])
    return np.concatenate([a.reshape(rows, -1) for a in arrays], axis=1, dtype=np.float32, casting="unsafe")
