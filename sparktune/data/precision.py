"""Numbers that float32, as models compute, cannot hold apart."""

import numpy as np

EXACT = 2**24  # up to here float32 holds every whole number exactly
FLOAT32_MAX = float(np.finfo(np.float32).max)
MANY_ROWS = 1_000_000
ENOUGH_ROWS = 100_000  # to know a deviation
COARSE = 0.01  # of the deviation
SAID = (
    "so far from 0 that float32, as models compute, rounds them by more than a hundredth of their deviation; "
    "subtract an offset"
)


def conflated(values: np.ndarray) -> tuple[int, int]:
    """How many different values there are of whole numbers, and how many of them float32 holds apart.

    Both are 0 where float32 holds them all, or where they are no whole numbers.
    """
    values = values[:MANY_ROWS]
    largest = max(abs(float(values.min())), abs(float(values.max()))) if len(values) else 0.0
    if not EXACT < largest <= FLOAT32_MAX or not np.array_equal(values, np.floor(values)):
        return 0, 0
    distinct, left = len(np.unique(values)), len(np.unique(values.astype(np.float32)))
    return (distinct, left) if left < distinct else (0, 0)


def coarse(values: np.ndarray) -> bool:
    """Whether float32 rounds some numbers (rows,) by more than a hundredth of their deviation.

    So it does far from 0: of seconds since 1970 it holds every 128th. Only the first rows are looked at.
    """
    if np.can_cast(values.dtype, np.float32):
        return False
    given = values[:ENOUGH_ROWS].astype(np.float64)
    given = given[np.isfinite(given)]
    if not len(given):
        return False
    with np.errstate(over="ignore"):
        rounding = np.abs(given.astype(np.float32) - given).max()
    return bool(rounding > COARSE * given.std() > 0)
