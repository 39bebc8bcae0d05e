"""Studies whose trials are trained in segments, disturbed or not, end as those that train in one go."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from studies import data, document

from sparktune.launch.forkserver.client import ADDRESS
from sparktune.ledger import Ledger
from sparktune.study import StudyResult, tune
from sparktune.study.progress import Progress

pytestmark = pytest.mark.usefixtures("fork_server")
SECONDS = 120
EACH_EPOCH = {"segment_seconds": 1e-6}
TRAINING = {"epochs": 5, "batch_size": 8, "early_stopping": {"patience": 4}}
MODEL = {"kind": "mlp", "dropout": 0.2}


def study(folder: Path, **resources: Any) -> dict[str, Any]:
    sections = {"model": MODEL, "training": TRAINING}
    return document(folder, **sections, resources={"launcher": "local", "parallelism": 1, **resources})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    """The study in one go."""
    return tune(study(tmp_path_factory.mktemp("whole"), parallelism=2), data=data(), offline=True)


def events(result: StudyResult, kind: str) -> list[dict[str, Any]]:
    lines = (result.directory / "ledger.jsonl").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line.get("event") == kind]


def assert_same(result: StudyResult, whole: StudyResult) -> None:
    """Equal bit for bit, with one result a trial."""
    columns = ["trial", "state", "value", "params.neurons", "params.learning_rate"]
    assert result.trials[columns].equals(whole.trials[columns])
    assert result.summary["best"] == whole.summary["best"]
    assert result.summary["test"] == whole.summary["test"]
    one, other = Ledger.read(result.directory).results, Ledger.read(whole.directory).results
    assert {n: r.history for n, r in one.items()} == {n: r.history for n, r in other.items()}
    assert sorted(e["result"]["trial"] for e in events(result, "result")) == sorted(one)
    for a, b in zip(result.bundle.model.get_weights(), whole.bundle.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not (result.directory / "checkpoints").exists()


@pytest.mark.parametrize("launcher", ["local", "spark"])
def test_segments_of_one_epoch_give_the_same_study(whole, tmp_path, spark, launcher):
    seen: list[str] = []
    result = tune(
        study(tmp_path, **EACH_EPOCH, launcher=launcher, parallelism=2),
        spark if launcher == "spark" else None,
        data=data(),
        offline=True,
        on_progress=lambda progress: seen.append(str(progress.result.state)),
    )
    assert_same(result, whole)
    paused = events(result, "paused")
    epochs = sum(len(r.history["loss"]) for r in Ledger.read(whole.directory).results.values())
    assert len(paused) == epochs - 4 == seen.count("PAUSED")
    assert all(len(event["result"]["history"]["loss"]) == 1 for event in paused)
    assert len(events(result, "launched")) == 4 + len(paused)
    assert set(result.trials["attempts"]) == {1}


def test_large_checkpoints_of_a_study_are_gone_at_its_end_and_others_stay(whole, tmp_path):
    folder = tmp_path / "shared/small"
    folder.mkdir(parents=True)
    (folder / "other-0-1-ab.checkpoint").touch()
    seen: set[str] = set()

    def late(progress: Progress) -> None:
        name = Path(progress.result.checkpoint or "").name
        if name and not seen:
            (folder / name.replace("-1-", "-9-")).touch()
        seen.add(name.partition("-")[0])

    spec = study(tmp_path, **EACH_EPOCH)
    spec["output"] |= {"checkpoint_limit": 10, "checkpoints": str(tmp_path / "shared")}
    result = tune(spec, data=data(), offline=True, on_progress=late)
    assert_same(result, whole)
    assert seen == {result.summary["study_id"], ""}
    assert [path.name for path in folder.iterdir()] == ["other-0-1-ab.checkpoint"]


def wait_for_checkpoint(folder: Path, epochs: int) -> Path:
    """A checkpoint after so many epochs or more."""
    deadline = time.monotonic() + SECONDS
    while True:
        for path in folder.glob("studies/small/checkpoints/*.checkpoint"):
            if int(path.stem.partition("-")[2]) >= epochs:
                return path
        assert time.monotonic() < deadline
        time.sleep(0.005)


def forks() -> set[int]:
    """What the fork server has forked and still runs."""
    servers = [p for p in children(os.getpid()) if b"forkserver" in Path(f"/proc/{p}/cmdline").read_bytes()]
    return {fork for server in servers for fork in children(server)}


def children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(entry.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.parent.name))
    return found


@pytest.mark.fault("local: worker SIGKILLed in a later segment")
def test_a_killed_worker_costs_a_segment(whole, tmp_path):
    killed: list[int] = []
    others = forks()

    def kill() -> None:
        wait_for_checkpoint(tmp_path, 2)
        killed.append(min(forks() - others))
        os.kill(killed[0], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    result = tune(study(tmp_path, **EACH_EPOCH), data=data(), offline=True)
    thread.join()
    assert killed
    assert_same(result, whole)
    assert sorted(result.trials["attempts"]) == [1, 1, 1, 2]


@pytest.mark.fault("local: driver and its processes SIGKILLed in a later segment")
def test_a_killed_driver_costs_a_segment(whole, tmp_path):
    x, y = data()
    np.savez(tmp_path / "rows.npz", x=x, y=y)
    section = {**document(tmp_path)["data"], "source": "npz", "path": str(tmp_path / "rows.npz")}
    spec = {**study(tmp_path, **EACH_EPOCH), "data": section}
    config = tmp_path / "study.yaml"
    config.write_text(yaml.safe_dump(spec, sort_keys=False))
    command = [sys.executable, "-m", "sparktune", "tune", "--config", str(config), "--offline"]
    alone = {**os.environ, ADDRESS: ""}  # with a fork server of its own, which ends with it
    driver = subprocess.Popen(command, env=alone, stderr=subprocess.PIPE, start_new_session=True)
    wait_for_checkpoint(tmp_path, 3)  # so the ledger has the second epoch
    os.killpg(driver.pid, signal.SIGKILL)
    driver.communicate()
    before = Ledger.read(tmp_path / "studies/small")
    paused = {n: result.epochs for n, result in before.unfinished.items() if n not in before.results}
    assert paused and max(paused.values()) >= 2
    result = tune(spec, offline=True)
    assert_same(result, whole)
    starts = {e["result"]["trial"]: e["start"] for e in reversed(events(result, "paused"))}
    assert set(starts.values()) == {0}
    epochs = [(e["result"]["trial"], e["start"]) for e in events(result, "paused")]
    assert len(epochs) == len(set(epochs))  # none was trained and recorded twice
