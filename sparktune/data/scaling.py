"""The scaling of raw inputs, the model's first step, with offset and scale from the training split."""

from collections.abc import Sequence

import numpy as np

from sparktune.columns.schema import Feature, Scaling
from sparktune.data.mapped import let_go

CHUNK = 4096


def scaling_of(scale: float | str, x: np.ndarray) -> Scaling | None:
    """The scaling for the value of `data.scale`, learned from training inputs x (rows, ...).

    A constant divides, `auto` and `none` change nothing. `minmax` maps each number of a row to 0..1,
    `standardize` to mean 0 and deviation 1 (by n); a number that never changes gets scale 1.
    """
    if scale in ("auto", "none"):
        return None
    if not isinstance(scale, str):
        return Scaling(offset=(0.0,), scale=(float(scale),))
    rows = x.reshape(len(x), -1)
    low, high, sums = _seen(rows)
    offset, width = (low, high - low) if scale == "minmax" else _moments(rows, sums)
    width = np.where((high > low) & (width > 0), width, 1.0)
    return Scaling(offset=tuple(offset.tolist()), scale=tuple(width.tolist()))


def fit_scaling(scale: float | str, x: np.ndarray, features: Sequence[Feature]) -> Scaling | None:
    """The scaling of training inputs x (rows, ...): of encoded columns that of their quantities alone.

    There `auto` standardizes, and flags stay 0 and 1. None where nothing is scaled.
    """
    if features[0].encoder is None:
        return scaling_of(scale, x)
    from sparktune.columns.encoders.matrix import encoders_of, layout_of

    layout = layout_of(features)
    if not layout.numbers:
        return None
    found = scaling_of("standardize" if scale == "auto" else scale, x[:, : layout.numbers])
    if found is None:
        return None
    offset, width = np.zeros(layout.numbers), np.ones(layout.numbers)
    offset[:], width[:] = found.offset, found.scale
    for place, encoder in zip(layout.places, encoders_of(features), strict=True):
        flags = slice(place.stop - encoder.flags, place.stop)
        if not encoder.codes:
            offset[flags], width[flags] = 0.0, 1.0
    return Scaling(offset=tuple(offset.tolist()), scale=tuple(width.tolist()))


def means_of(x: np.ndarray) -> np.ndarray:
    """The mean of each number of a row of x (rows, ...), in one pass."""
    return _seen(x.reshape(len(x), -1))[2] / len(x)


def _seen(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lowest and highest number and sum of each column, as float64.

    The sums are those of `rows.sum(axis=0)` to the bit: it adds row after row, but single numbers in pairs.
    """
    low = high = rows[0]
    sums = rows.sum(axis=0, dtype=np.float64) if rows.shape[1] == 1 else np.empty((0, rows.shape[1]))
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        low, high = np.minimum(low, part.min(axis=0)), np.maximum(high, part.max(axis=0))
        if rows.shape[1] > 1:
            sums = np.concatenate([sums, part]).sum(axis=0, dtype=np.float64, keepdims=True)
        let_go(rows)
    return low.astype(np.float64), high.astype(np.float64), sums.reshape(-1)


def _moments(rows: np.ndarray, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each column in float64, without a float64 copy of the rows."""
    mean = sums / len(rows)
    squares = np.zeros_like(mean)
    for start in range(0, len(rows), CHUNK):
        squares += np.square(rows[start : start + CHUNK] - mean).sum(axis=0)
        let_go(rows)
    return mean, np.sqrt(squares / len(rows))
