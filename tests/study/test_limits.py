"""Studies whose trials hang, eat memory or fail: what becomes of them, and of the study."""

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from studies import data, document

from sparktune.ledger import Ledger
from sparktune.study import tune

pytestmark = pytest.mark.usefixtures("fork_server")


def study(folder: Path, *deeds: str, **resources: Any) -> dict[str, Any]:
    return document(
        folder,
        model={"builder": "builders:doing"},
        search={"space": {"deed": [*deeds]}},
        resources={"launcher": "local", "parallelism": 2, **resources},
    )


@pytest.mark.parametrize("launcher", ["local", "spark"])
def test_trials_that_pass_their_limits_end_and_the_others_give_the_best_model(
    tmp_path: Path, spark: SparkSession, launcher: str
) -> None:
    deeds = ("hang", "eat_memory", "hold_the_lock", "nothing")
    limits = {"trial_seconds": 6.0, "memory": "400MB"}
    sections = study(tmp_path, *deeds, launcher=launcher, **limits)
    result = tune(sections, spark if launcher == "spark" else None, data=data(), offline=True)
    states = dict(zip(result.trials["params.deed"], result.trials["state"], strict=True))
    assert states == {
        "hang": "TIMED_OUT",
        "eat_memory": "OUT_OF_MEMORY",
        "hold_the_lock": "TIMED_OUT",
        "nothing": "COMPLETE",
    }
    assert result.summary["states"] == {"COMPLETE": 1, "OUT_OF_MEMORY": 1, "TIMED_OUT": 2}
    assert set(result.trials["attempts"]) == {1}
    errors = dict(zip(result.trials["params.deed"], result.trials["error"], strict=True))
    assert "It was in hang (builders.py, line " in errors["hang"]
    assert "eat_memory" in errors["eat_memory"]
    assert result.bundle is not None
    record = Ledger.read(result.directory)
    assert all(6 <= record.results[n].seconds < 12 for n in (0, 2))
    again = tune(sections, data=data(), offline=True)  # nothing is left to train
    assert again.summary["states"] == result.summary["states"]
