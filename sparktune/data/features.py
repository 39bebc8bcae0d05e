"""Feature columns as one array x, in the most compact dtype that keeps their values."""

import logging

import numpy as np

from sparktune.columns.schema import Feature
from sparktune.data.encoding import refuse_together
from sparktune.data.suspects import conflated
from sparktune.data.table import Table
from sparktune.errors import DataError

INT32 = np.iinfo(np.int32)

log = logging.getLogger("sparktune")


def features_of(names: tuple[str, ...], tables: list[Table]) -> tuple[tuple[Feature, ...], list[np.ndarray]]:
    """The features, and x (rows, *input_shape) of each table.

    A single column keeps its shape, and a column of numbers becomes (rows, 1); uint8 stays, bools become
    uint8, other integers int32 where they fit, all else float32. Several columns are flattened and joined
    into (rows, numbers), float32.

    Raises:
        DataError: a column that is missing, not numeric, ragged, NaN or infinite, or of another shape in
        another table.
    """
    columns: list[list[np.ndarray]] = []
    errors: list[str] = []
    for name in names:
        try:
            columns.append(_column(name, tables))
        except DataError as error:
            errors.append(str(error))
    refuse_together(errors)
    features = tuple(
        Feature(name=name, dtype=str(arrays[0].dtype), shape=arrays[0].shape[1:])
        for name, arrays in zip(names, columns, strict=True)
    )
    if len(columns) == 1:
        return features, [array if array.ndim > 1 else array.reshape(-1, 1) for array in columns[0]]
    flat = ([array.reshape(len(array), -1) for array in arrays] for arrays in zip(*columns, strict=True))
    return features, [np.concatenate(parts, axis=1, dtype=np.float32, casting="unsafe") for parts in flat]


def _column(name: str, tables: list[Table]) -> list[np.ndarray]:
    """One column of every table, in one shape and one dtype."""
    arrays = [_numbers(table, name) for table in tables]
    shape = arrays[0].shape[1:]
    for table, array in zip(tables, arrays, strict=True):
        if array.shape[1:] != shape:
            raise DataError(
                f"{table.where}: feature {name!r} must have shape {shape} as in data, but has "
                f"{array.shape[1:]}"
            )
    common = np.result_type(*arrays)
    return [array.astype(np.float32 if common.kind == "f" else common, copy=False) for array in arrays]


def _numbers(table: Table, name: str) -> np.ndarray:
    """The finite numbers of a column, in the most compact dtype."""
    values = table.values(name, "feature")
    if values.dtype.kind not in "biuf":
        raise DataError(
            f"{table.where}: feature {name!r} must be numeric, but {_why_not_numeric(values)}; encode it as "
            "numbers, or leave it out by naming data.features"
        )
    if not all(values.shape):
        raise DataError(f"{table.where}: feature {name!r} must hold numbers, but its shape is {values.shape}")
    if values.ndim == 1:
        _warn_of_equal_in_float32(table, name, values)
    compact = _compact(values)
    if compact.dtype.kind == "f" and not np.isfinite(compact.sum(dtype=np.float64)):
        _refuse_infinite(table, name, values, compact)
    return compact


def _why_not_numeric(values: np.ndarray) -> str:
    """What the message says of a column that is not numeric."""
    if values.dtype.kind not in "OUS" or values.ndim > 1:
        return f"its type is {values.dtype}"
    for row, value in enumerate(values):
        try:
            float(value)
        except (TypeError, ValueError):
            return f"row {row} holds {value!r}"
    return "it holds numbers written as text"


def _warn_of_equal_in_float32(table: Table, name: str, values: np.ndarray) -> None:
    """Warn where different whole numbers, of an id perhaps, become the same float32 number.

    Only the first million rows are looked at, because they must be sorted for it.
    """
    distinct, left = conflated(values) if values.dtype.kind in "iuf" else (0, 0)
    if distinct:
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
