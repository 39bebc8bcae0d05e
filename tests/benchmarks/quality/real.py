"""Studies of the MNIST grid, trained by `sparktune tune` in processes of their own."""

import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml
from processes import Measured, measure
from quality.grids import GRIDS

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
        summary = json.loads((place / spec.study_directory / "summary.json").read_text(encoding="utf-8"))
        trials = (place / spec.study_directory / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
        results = [event["result"] for event in map(json.loads, trials) if event.get("event") == "result"]
        epochs = sum(max(map(len, result["history"].values()), default=0) for result in results)
        return Trained(pair, measured, epochs, summary["best"]["value"])
