"""The same trial in one go and in ten segments, each a Spark job of its own, on a warm worker."""

import statistics
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sparktune.data import Dataset, Feature, Rows, Schema
from sparktune.data.host import share
from sparktune.launch import SparkLauncher
from sparktune.launch.base import Launcher
from sparktune.ledger import Ledger
from sparktune.spec import StudySpec, parse_spec
from sparktune.trial import Segment, Trial, TrialState

SEGMENTS = 10
ROWS, COLUMNS = 4_000, 20


@dataclass(frozen=True)
class Segmented:
    """Seconds of a trial in one go and in segments, medians over the rounds; `same` if results were equal."""

    whole: float
    segments: float
    same: bool

    @property
    def each(self) -> float:
        """Seconds that a segment after the first adds."""
        return (self.segments - self.whole) / (SEGMENTS - 1)


def run_in_segments(spark: Any, folder: Path, rounds: int) -> Segmented:
    """Measure both in turns, after a round that warms up."""
    spec, data = _spec(folder), _data()
    with Ledger.open(folder / "study", spec, data.digest, "maximize") as ledger:
        launcher = SparkLauncher(spark)
        with closing(share(data)) as shared, launcher:
            launcher.start(spec, shared)
            done = [
                (_timed(launcher, ledger, 2 * turn, SEGMENTS), _timed(launcher, ledger, 2 * turn + 1, 1))
                for turn in range(rounds + 1)
            ][1:]
    whole, segments = (statistics.median(pair[way][0] for pair in done) for way in (1, 0))
    return Segmented(whole, segments, all(ten[1] == one[1] for ten, one in done))


def _timed(launcher: Launcher, ledger: Ledger, number: int, segments: int) -> tuple[float, Any]:
    """Seconds until a trial in so many segments is recorded, and its history."""
    started = time.perf_counter()
    segment = Segment(Trial("segmented", number, {}, seed=1), end=SEGMENTS // segments)
    while True:
        result = ledger.record(launcher.launch([segment])[0].result())
        if result.state is not TrialState.PAUSED:
            return time.perf_counter() - started, result.history
        end = result.epochs + SEGMENTS // segments
        segment = replace(segment, start=result.epochs, end=end, checkpoint=result.checkpoint)


def _spec(folder: Path) -> StudySpec:
    training = {"epochs": SEGMENTS, "batch_size": 32}
    return parse_spec(
        {
            "study": {"name": "segmented"},
            "model": {"kind": "mlp", "neurons": 64, "dropout": 0.1},
            "training": training,
            "output": {"directory": str(folder)},
        }
    )


def _data() -> Dataset:
    x = np.random.default_rng(0).random((ROWS, COLUMNS), np.float32)
    rows = Rows(x, (x[:, 0] > 0.5).astype(np.int32))
    feature = Feature(name="x", shape=(COLUMNS,))
    schema = Schema(features=(feature,), input_shape=(COLUMNS,), task="classes", classes=(0, 1), outputs=2)
    return Dataset(rows, rows, None, schema, "segmented")
