"""Trains the whole grids of digits and MNIST and keeps every epoch's metrics, for searches to be replayed on.

Each is a study of `sparktune tune`: 200 configurations for 27 epochs, some CPU minutes in all.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
from quality.grids import MAX_EPOCHS, Grid

from sparktune import tune
from sparktune.ledger import Ledger
from sparktune.trial import TrialResult

FOLDER = Path(__file__).parent / "recorded"


def record(grid: Grid) -> Path:
    """Train all configurations, and write the file that `recorded.Recording` reads."""
    with tempfile.TemporaryDirectory(prefix="record-") as folder:
        spec = grid.study(folder=folder)
        result = tune(spec, offline=True)
        ledger = Ledger.read(result.directory)
        trials = [ledger.results[number] for number in sorted(ledger.results)]
    path = FOLDER / f"{grid.name}.npz"
    path.parent.mkdir(exist_ok=True)
    np.savez_compressed(
        path,
        params=np.array(json.dumps([trial.params for trial in trials])),
        epoch_seconds=np.array([trial.timings["train"] / trial.epochs for trial in trials], np.float32),
        other_seconds=np.array([trial.seconds - trial.timings["train"] for trial in trials], np.float32),
        **{name: _curves(trials, name) for name in trials[0].history},
    )
    return path


def _curves(trials: list[TrialResult], name: str) -> np.ndarray:
    """float32 (trials, epochs): a metric; not a number after the end of a trial that diverged."""
    curves = np.full((len(trials), MAX_EPOCHS), np.nan, np.float32)
    for row, trial in zip(curves, trials, strict=True):
        row[: trial.epochs] = trial.history[name]
    return curves
