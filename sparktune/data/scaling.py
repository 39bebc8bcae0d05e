"""The scaling of raw inputs, the model's first step, with offset and scale from the training split."""

from collections.abc import Sequence

import numpy as np

from sparktune.columns.schema import Feature, Scaling

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
    low, high = rows.min(axis=0).astype(np.float64), rows.max(axis=0).astype(np.float64)
    offset, width = (low, high - low) if scale == "minmax" else _moments(rows)
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


def _moments(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each column in float64, without a float64 copy of the rows."""
    mean = rows.mean(axis=0, dtype=np.float64)
    squares = np.zeros_like(mean)
    for start in range(0, len(rows), CHUNK):
        squares += np.square(rows[start : start + CHUNK] - mean).sum(axis=0)
    return mean, np.sqrt(squares / len(rows))
