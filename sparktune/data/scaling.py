"""The scaling of raw inputs, the model's first step, with offset and scale from the training split."""

import numpy as np

from sparktune.columns.schema import Scaling

CHUNK = 4096


def scaling_of(scale: float | str, x: np.ndarray) -> Scaling | None:
    """The scaling for the value of `data.scale`, learned from training inputs x (rows, ...).

    A constant divides. `minmax` maps each number of a row to 0..1, `standardize` to mean 0 and deviation 1
    (by n); a number that never changes gets scale 1.
    """
    if scale == "none":
        return None
    if not isinstance(scale, str):
        return Scaling(offset=(0.0,), scale=(float(scale),))
    rows = x.reshape(len(x), -1)
    low, high = rows.min(axis=0).astype(np.float64), rows.max(axis=0).astype(np.float64)
    offset, width = (low, high - low) if scale == "minmax" else _moments(rows)
    width = np.where((high > low) & (width > 0), width, 1.0)
    return Scaling(offset=tuple(offset.tolist()), scale=tuple(width.tolist()))


def _moments(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each column in float64, without a float64 copy of the rows."""
    mean = rows.mean(axis=0, dtype=np.float64)
    squares = np.zeros_like(mean)
    for start in range(0, len(rows), CHUNK):
        squares += np.square(rows[start : start + CHUNK] - mean).sum(axis=0)
    return mean, np.sqrt(squares / len(rows))
