"""Feature columns that are plain numbers, in the most compact dtype that keeps their values."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from sparktune.columns.schema import Feature, places_of
from sparktune.data.inputs import InputColumn, InputColumns, refuse_together
from sparktune.data.precision import MANY_ROWS, SAID, coarse, conflated
from sparktune.data.suspects import Watch
from sparktune.data.table import Table, decoded
from sparktune.errors import DataError

INT32 = np.iinfo(np.int32)
SHOWN = 5  # columns named in a warning

log = logging.getLogger("sparktune")


@final
@dataclass(frozen=True)
class PlainColumn(InputColumn):
    """A column of numbers, which stay as they are."""

    feature: Feature

    def numbers(self, values: Any, table: Table, start: int) -> np.ndarray:
        """The numbers of some rows, flat.

        Raises:
            DataError: they are no numbers.
        """
        if not isinstance(values, np.ndarray):
            what = f"{table.where}: column {self.feature.name!r}"
            values = np.concatenate([rows for _, rows in decoded(values, what, start)])
        flat: np.ndarray = values.reshape(len(values), -1)
        return flat


@final
@dataclass(frozen=True)
class _Seen:
    """What all rows of a column say: their shape, the most compact dtype, and what is suspicious of them."""

    shape: tuple[int, ...]
    dtype: np.dtype
    constant: bool
    leak: bool


def plain_columns(names: Sequence[str], tables: Sequence[Table], labels: np.ndarray) -> InputColumns:
    """The features of plain numbers; each column is read once, some rows at a time.

    A single column keeps its shape, and a column of numbers becomes (rows, 1); uint8 stays, bools become
    uint8, other integers int32 where they fit, all else float32. Several columns are flattened and joined
    into (rows, numbers), float32. A warning names constants and leaks of the first table, whose raw `labels`
    are given.

    Raises:
        DataError: a column that is missing, not numeric, ragged, NaN or infinite, or of another shape in
        another table.
    """
    seen: dict[str, _Seen] = {}
    errors: list[str] = []
    for name in names:
        try:
            seen[name] = _of_all(name, tables, labels)
        except DataError as error:
            errors.append(str(error))
    refuse_together(errors)
    _warn_of_suspects(seen)
    features = [Feature(name=name, dtype=str(of.dtype), shape=of.shape) for name, of in seen.items()]
    places = tuple(places_of(features))
    single = len(features) == 1
    return InputColumns(
        columns=tuple(map(PlainColumn, features)),
        places=places,
        dtype=seen[names[0]].dtype if single else np.dtype(np.float32),
        shape=features[0].shape or (1,) if single else (places[-1].stop,),
    )


def _warn_of_suspects(seen: dict[str, _Seen]) -> None:
    for name in [name for name, of in seen.items() if of.leak]:
        log.warning(
            "data: feature %r equals the label in every row; leave it out by data.columns: {%s: ignore}",
            name,
            name,
        )
    if alike := [name for name, of in seen.items() if of.constant]:
        listed = ", ".join(map(repr, alike[:SHOWN])) + (", ..." if len(alike) > SHOWN else "")
        log.warning(
            "data: %d features are the same in every row: %s; leave them out by data.columns: {%s: ignore}",
            len(alike),
            listed,
            alike[0],
        )


def _of_all(name: str, tables: Sequence[Table], labels: np.ndarray) -> _Seen:
    """One column of every table, in one shape and one dtype; of the first one what is suspicious."""
    main, *others = [_seen(table, name, labels if table is tables[0] else labels[:0]) for table in tables]
    for table, other in zip(tables[1:], others, strict=True):
        if other.shape != main.shape:
            raise DataError(
                f"{table.where}: feature {name!r} must have shape {main.shape} as in data, but has "
                f"{other.shape}"
            )
    return replace(main, dtype=_common([main.dtype, *(other.dtype for other in others)]))


def _seen(table: Table, name: str, labels: np.ndarray) -> _Seen:
    """What a column holds, which is read piece by piece.

    Raises:
        DataError: what is no finite number, in the most compact dtype.
    """
    head: list[np.ndarray] = []
    compact: list[np.dtype] = []
    watch = Watch(labels)
    shape: tuple[int, ...] = ()
    for start, values in table.pieces(name, "feature"):
        shape = values.shape[1:]
        if values.dtype.kind not in "biuf":
            raise DataError(
                f"{table.where}: feature {name!r} must be numeric, but "
                f"{_why_not_numeric(table.values(name, 'feature'))}; encode it as numbers, or leave it out "
                "by naming data.features"
            )
        if not all(values.shape):
            raise DataError(
                f"{table.where}: feature {name!r} must hold numbers, but its shape is {values.shape}"
            )
        if start < MANY_ROWS and values.ndim == 1:
            head.append(values)
        compact.append(_compact(values))
        _refuse_infinite(table, name, values, start)
        watch.see(values, start)
    if head:
        _warn_of_equal_in_float32(table, name, np.concatenate(head) if len(head) > 1 else head[0])
    return _Seen(shape, _common(compact), watch.constant, watch.equal)


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
    """Warn where different whole numbers, of an id perhaps, become the same float32 number, or nearly all do.

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
    elif coarse(values):
        log.warning("%s: feature %r has numbers %s", table.where, name, SAID)


def _compact(values: np.ndarray) -> np.dtype:
    """The most compact dtype that keeps the values."""
    kind = values.dtype
    if kind in (np.bool_, np.uint8):
        return np.dtype(np.uint8)
    whole = kind.kind in "iu" and INT32.min <= values.min() and values.max() <= INT32.max
    return np.dtype(np.int32 if whole else np.float32)


def _common(kinds: Sequence[np.dtype]) -> np.dtype:
    """The dtype that keeps the values of all."""
    common = np.result_type(*kinds)
    return np.dtype(np.float32) if common.kind == "f" else common


def _refuse_infinite(table: Table, name: str, values: np.ndarray, start: int) -> None:
    """Raise for the first number that is missing, infinite or beyond float32; `start` is the first row."""
    if values.dtype.kind != "f":
        return
    with np.errstate(over="ignore"):
        finite = np.isfinite(values.astype(np.float32, copy=False).sum(dtype=np.float64))
        bad = None if finite else ~np.isfinite(values.astype(np.float32, copy=False))
    if bad is not None and bad.any():
        row, *place = (int(i) for i in np.argwhere(bad)[0])
        at = f"row {start + row}" + (f", place {place}" if place else "")
        raise DataError(
            f"{table.where}: feature {name!r} must hold finite float32 numbers, but holds "
            f"{values[(row, *place)]} in {at}; fill it or leave the row out"
        )
