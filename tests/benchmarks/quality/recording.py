"""A recorded grid: what every configuration reached in every epoch, and how long that took."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from quality.grids import MAX_EPOCHS, Grid

from sparktune.search.samplers.distinct import key_of
from sparktune.trial import Params, Segment, TrialResult, TrialState

FOLDER = Path(__file__).parent / "recorded"
OBJECTIVE = "val_accuracy"
TENTH_OF_A_PERCENT = 0.001
ROUNDING = 1e-6


@dataclass(frozen=True)
class Recording:
    """The curves of a grid (configurations, epochs) by metric; `places` has the row of each configuration.

    A value is `good` if it is within 0.1 points, or one row of the validation split, of the grid's best.
    """

    curves: dict[str, np.ndarray]
    places: dict[str, int]
    epoch_seconds: np.ndarray
    other_seconds: np.ndarray
    good: float

    @classmethod
    def read(cls, grid: Grid) -> Self:
        """What `record` has written for a grid."""
        with np.load(FOLDER / f"{grid.name}.npz") as file:
            arrays = dict(file)
        places = {key_of(params): place for place, params in enumerate(json.loads(str(arrays.pop("params"))))}
        seconds = arrays.pop("epoch_seconds"), arrays.pop("other_seconds")
        tolerance = max(TENTH_OF_A_PERCENT, 1 / grid.validation_rows) + ROUNDING
        return cls(arrays, places, *seconds, float(np.nanmax(arrays[OBJECTIVE])) - tolerance)

    @property
    def epochs(self) -> int:
        """Epochs of the whole grid."""
        return len(self.places) * MAX_EPOCHS

    @property
    def good_ones(self) -> int:
        """How many configurations are good."""
        return int((np.nanmax(self.curves[OBJECTIVE], axis=1) >= self.good).sum())

    def last_epoch(self, segment: Segment) -> int:
        """The epoch after which a segment ends."""
        return MAX_EPOCHS if segment.end is None else segment.end

    def seconds(self, params: Params, epochs: int) -> float:
        """What so many epochs took, building the model included."""
        place = self.places[key_of(params)]
        return float(self.other_seconds[place] + epochs * self.epoch_seconds[place])

    def result(self, segment: Segment, seconds: float) -> TrialResult:
        """How a segment ended, as `run_segment` gives it."""
        trial, end = segment.trial, self.last_epoch(segment)
        place = self.places[key_of(trial.params)]
        history = {name: curves[place, :end].tolist() for name, curves in self.curves.items()}
        over = end >= MAX_EPOCHS
        return TrialResult(
            trial.number,
            trial.params,
            TrialState.COMPLETE if over else TrialState.PAUSED,
            value=max(history[OBJECTIVE]) if over else None,
            epoch=1 + int(np.argmax(history[OBJECTIVE])) if over else None,
            history=history,
            timings={"train": seconds},
            checkpoint_bytes=None if over else b"replayed",
        )
