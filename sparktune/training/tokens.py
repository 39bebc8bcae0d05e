"""Whether a data set's token ids are those that a model embeds."""

from functools import cached_property
from typing import final

import numpy as np

from sparktune.data.dataset import Dataset
from sparktune.errors import ModelError
from sparktune.spec import ModelSpec, RnnSpec

ROWS = 65536  # read at a time


@final
class Tokens:
    """The inputs of all splits, read as token ids; read once, and only where a model embeds."""

    def __init__(self, data: Dataset) -> None:
        self._splits = [rows.x for rows in (data.train, data.validation, data.test) if rows]

    def check(self, model: ModelSpec) -> None:
        """Refuse ids that are not whole numbers from 0 to below the model's vocabulary.

        Raises:
            ModelError: names the id that breaks the rule, and the way out.
        """
        if not isinstance(model, RnnSpec) or model.vocabulary is None:
            return
        if self._fraction is not None:
            raise ModelError(
                f"model.vocabulary needs whole numbers as token ids, but the data has {self._fraction}; "
                "leave vocabulary out for numeric sequences"
            )
        low, high = self._range
        if low < 0:
            raise ModelError(f"model.vocabulary needs token ids >= 0, but the data has {low}; shift the ids")
        if high >= model.vocabulary:
            raise ModelError(
                f"model.vocabulary must exceed the largest token id, {high}, but got {model.vocabulary}; "
                f"make it {high + 1} or more, or replace rare ids"
            )

    @cached_property
    def _fraction(self) -> float | None:
        """A number that is no whole one, NaN included; None where there is none."""
        for x in self._splits:
            for part in _parts(x) if x.dtype.kind == "f" else ():
                odd = part[~np.isfinite(part) | (part != np.floor(part))]
                if odd.size:
                    return float(odd[0])
        return None

    @cached_property
    def _range(self) -> tuple[int, int]:
        ends = [(x.min(), x.max()) for x in self._splits if x.size]
        return int(min(low for low, _ in ends)), int(max(high for _, high in ends))


def _parts(x: np.ndarray) -> list[np.ndarray]:
    return [x[first : first + ROWS] for first in range(0, len(x), ROWS)]
