"""What the inputs of a data set hold, as far as some kinds of models need to know before they train."""

from functools import cached_property
from typing import final

import numpy as np

from sparktune.data.dataset import Dataset

ROWS = 65536  # read at a time


@final
class InputValues:
    """The input values of all splits; read when somebody asks, and once."""

    def __init__(self, data: Dataset) -> None:
        self._splits = [rows.x for rows in (data.train, data.validation, data.test) if rows]

    @cached_property
    def fraction(self) -> float | None:
        """A value that is no whole number, NaN included; None where there is none."""
        for x in self._splits:
            for first in range(0, len(x), ROWS) if x.dtype.kind == "f" else ():
                part = x[first : first + ROWS]
                odd = part[~np.isfinite(part) | (part != np.floor(part))]
                if odd.size:
                    return float(odd[0])
        return None

    @cached_property
    def range(self) -> tuple[int, int]:
        """The least and the greatest value, as whole numbers."""
        ends = [(x.min(), x.max()) for x in self._splits if x.size]
        return int(min(low for low, _ in ends)), int(max(high for _, high in ends))
