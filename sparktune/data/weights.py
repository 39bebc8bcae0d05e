"""The weight of each row in loss and metrics."""

import numpy as np

from sparktune.data.mapped import rows_of
from sparktune.data.table import Table
from sparktune.errors import DataError


def weights_of(table: Table, name: str | None) -> np.ndarray | None:
    """The weight column as float32 (rows,); None where there is none.

    Raises:
        DataError: no such column, or a weight that is not a number from 0 up.
    """
    if name is None:
        return None
    values = table.values(name, "weight")
    if values.dtype.kind not in "biuf" or values.size != len(values):
        raise DataError(
            f"{table.where}: weight {name!r} must be one number per row, but has type {values.dtype} and "
            f"shape {values.shape}"
        )
    weights = values.reshape(-1).astype(np.float32)
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(bad):
        raise DataError(
            f"{table.where}: weight {name!r} must be finite and >= 0, but row {bad[0]} holds "
            f"{weights[bad[0]]}; 0 leaves a row out"
        )
    if not weights.any():
        raise DataError(f"{table.where}: weight {name!r} must be above 0 somewhere, but is 0 in every row")
    return weights


def weights_in(weights: np.ndarray, rows: np.ndarray, split: str) -> np.ndarray:
    """The weights of the rows of a split.

    Raises:
        DataError: all are 0, so that the loss of the split is the same for every model.
    """
    found = rows_of(weights, rows)
    if not found.any():
        raise DataError(
            f"data.{split} must have a row whose weight is above 0, but all of its {len(rows)} weigh 0; "
            "weight one of them, or split the rows in another way"
        )
    return found
