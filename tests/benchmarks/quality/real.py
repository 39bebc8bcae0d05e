"""Studies of the MNIST grid, trained by `sparktune tune` in processes of their own."""

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml
from processes import Measured, measure
from quality.grids import GRIDS

from sparktune.ledger import Ledger

TIMEOUT = 3600.0


@dataclass(frozen=True)
class Trained:
    """What a whole study took, start-up, records and export included, and what it found."""

    pair: str
    measured: Measured
    epochs: int
    best: float


def train(pair: str) -> Trained:
    """Run a study as its users do.

    Raises:
        RuntimeError: it did not end well; says what it wrote.
    """
    with tempfile.TemporaryDirectory(prefix="bench-quality-") as folder:
        place = Path(folder)
        spec = GRIDS["mnist"].study(pair, folder="studies")
        document = {**spec.model_dump(mode="json"), "tracking": {"uri": "sqlite:///mlflow.db"}}
        (place / "study.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
        command = [sys.executable, "-m", "sparktune", "tune", "--config", "study.yaml"]
        measured = measure(command, place, os.environ, place / "output.txt", TIMEOUT)
        if measured.code:
            raise RuntimeError((place / "output.txt").read_text(encoding="utf-8"))
        ledger = Ledger.read(place / spec.study_directory)
        epochs = sum(result.epochs for result in ledger.results.values())
        best = ledger.best and ledger.best.value
        return Trained(pair, measured, epochs, best or 0.0)
