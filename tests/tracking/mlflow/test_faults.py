"""A whole study before an MLflow server that refuses, fails, loses replies or hangs: sync completes it."""

import itertools
import json
import threading
import time
from pathlib import Path

import pytest

from sparktune.errors import SpecError
from sparktune.ledger import Ledger, StudyStarted
from sparktune.study import sync_study, tune
from tests.tracking.servers import Door, Server
from tests.tracking.studies import shown

TRIALS = 4


def study(folder: Path, name: str, uri: str) -> dict[str, object]:
    return {
        "study": {"name": name},
        "data": {"source": "digits"},
        "search": {"space": {"neurons": [4], "learning_rate": [0.1, 0.03, 0.01, 0.003]}},
        "training": {"epochs": 2, "batch_size": 128},
        "resources": {"launcher": "local", "parallelism": 1},
        "tracking": {"uri": uri},
        "output": {"directory": str(folder)},
    }


def search_seconds(folder: Path) -> float:
    """From the start of the study to its last result."""
    lines = [json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines()]
    start = next(line["time"] for line in lines if line.get("kind") == StudyStarted.kind)
    return float(max(line["time"] for line in lines if line.get("event") == "result") - start)


@pytest.mark.fault("MLflow answers 429 and 500, loses replies, hangs: no trial waits, sync shows each once")
def test_a_study_ends_and_sync_shows_each_trial_once(
    only_at_full_length: None,
    fork_server: None,
    server: Server,
    door: Door,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for limit in ("PATIENCE_S", "STALL_S"):
        monkeypatch.setattr(f"sparktune.tracking.outbox.{limit}", 1.0)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")
    sound = tune(study(tmp_path, "sound", server.uri))
    numbers, lock = itertools.count(1), threading.Lock()
    met: set[str] = set()

    def every(step: int, what: str) -> bool:
        with lock:
            hit = next(numbers) % step == 0
        met.update([what] * hit)
        return hit

    door.fails = lambda request: every(7, "500")
    door.refuses = lambda request: every(5, "429")
    door.drops = lambda request: every(6, "lost")
    door.holds = lambda request: every(11, "hung")
    begun = time.monotonic()
    result = tune(study(tmp_path, "faulty", door.uri))
    assert time.monotonic() - begun < 60
    assert result.summary["states"] == {"COMPLETE": TRIALS}
    assert list(result.trials["value"]) == list(sound.trials["value"])
    assert search_seconds(result.directory) < search_seconds(sound.directory) + 3
    assert {"429", "500", "lost"} <= met
    for fault in ("fails", "refuses", "drops", "holds"):
        setattr(door, fault, lambda request: False)
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_TIMEOUT")
    sync_study(result.directory)
    sync_study(result.directory)
    seen = shown(server.uri, Ledger.read(result.directory).study_id, "faulty")
    assert sorted(seen.trials) == list(range(TRIALS))
    runs = seen.client.search_runs([seen.study.info.experiment_id])
    assert [run.info.status for run in runs] == ["FINISHED"] * (1 + TRIALS)


@pytest.mark.fault("a name that MLflow refuses is refused before training")
def test_a_name_that_mlflow_refuses_is_refused_before_training(tmp_path: Path) -> None:
    spec = study(tmp_path, "named", f"sqlite:///{tmp_path}/mlflow.db")
    with pytest.raises(SpecError, match=r"registered_model_name must have no '/'"):
        tune({**spec, "tracking": {"registered_model_name": "team/digits"}})
    assert list(tmp_path.iterdir()) == []
