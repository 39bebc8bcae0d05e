"""A real driver process, killed and interrupted, ends where an uninterrupted one does."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import mlflow
import numpy as np
import pytest
import yaml
from studies import data, document

from sparktune.study import tune
from tests.chaos.processes import heed_signals

SECONDS = 240


@pytest.fixture
def config(tmp_path) -> Path:
    """A study of eight trials as files: each long enough to be caught in its middle."""
    x, y = data(2000)
    np.savez(tmp_path / "rows.npz", x=x, y=y)
    section = {"source": "npz", "path": str(tmp_path / "rows.npz"), "validation": {"fraction": 0.25}}
    search = {"space": {"neurons": [2, 4], "learning_rate": [0.001, 0.01, 0.1, 0.5]}}
    training = {"epochs": 6, "batch_size": 4}
    spec = document(tmp_path, data=section, search=search, training=training)
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(spec))
    return tmp_path / "study.yaml"


def started(config: Path, launcher: str = "spark") -> subprocess.Popen:
    """The command line on this study, in a process group of its own as a terminal would have it."""
    command = [sys.executable, "-m", "sparktune", "tune", "--config", str(config)]
    command += ["--set", f"resources.launcher={launcher}"]
    temporary = config.parent / "temporary"
    temporary.mkdir(exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(temporary)}
    return subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=environment,
        preexec_fn=heed_signals,
    )


def finished_trials(config: Path) -> int:
    ledger = config.parent / "studies/small/ledger.jsonl"
    return ledger.read_text().count('"COMPLETE"') if ledger.exists() else 0


def wait_for(trials: int, config: Path, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + SECONDS
    while finished_trials(config) < trials:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def commands_of(session: int) -> list[str]:
    """Command lines of the processes of a session, by its leader's pid."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.getsid(int(entry.name)) == session:
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found


@pytest.mark.fault("SIGINT, SIGTERM or SIGHUP while Spark starts")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_spark_starts_says_how_to_go_on_and_leaves_nothing(config, number, at_full_length):
    if number != signal.SIGINT and not at_full_length:
        pytest.skip("injected by `make chaos`; SIGINT goes the same way")
    early = started(config)
    while not any("SparkSubmit" in command for command in commands_of(early.pid)):
        assert early.poll() is None, early.communicate()[1]
        time.sleep(0.01)
    if number == signal.SIGINT:  # as a terminal sends it
        os.killpg(early.pid, number)
    else:
        early.send_signal(number)
    errors = early.communicate(timeout=60)[1]
    assert early.returncode == 130
    assert "same command again" in errors
    assert "Traceback" not in errors
    assert "Exception" not in errors
    deadline = time.monotonic() + 10
    while commands_of(early.pid):
        assert time.monotonic() < deadline, commands_of(early.pid)
        time.sleep(0.05)


@pytest.mark.fault("a driver SIGKILLed, another one interrupted: the third ends the study")
def test_a_killed_and_an_interrupted_driver_lose_nothing(config, spark, tmp_path, fork_server):
    killed = started(config, "auto")
    wait_for(2, config, killed)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    known = finished_trials(config)
    assert 2 <= known < 8
    (orphan,) = (tmp_path / "temporary").glob("sparktune-driver-*")

    interrupted = started(config)
    wait_for(known + 1, config, interrupted)
    assert not orphan.exists()
    asked = time.monotonic()
    os.killpg(interrupted.pid, signal.SIGINT)
    errors = interrupted.communicate(timeout=60)[1]
    assert time.monotonic() - asked < 20  # the promise is 10 s on a machine of one's own
    assert interrupted.returncode == 130
    assert not list((tmp_path / "temporary").glob("sparktune-driver-*"))
    assert "same command again" in errors
    ids = json.loads((tmp_path / "studies/small/summary.json").read_text())["mlflow"]
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    assert client.get_run(ids["run_id"]).info.status == "KILLED"

    resumed = tune(config, spark)
    whole = yaml.safe_load(config.read_text()) | {"output": {"directory": str(tmp_path / "whole")}}
    expected = tune(whole, spark, offline=True)
    assert list(resumed.trials["value"]) == list(expected.trials["value"])
    assert resumed.summary["best"] == expected.summary["best"]
    assert client.get_run(ids["run_id"]).info.status == "FINISHED"
    assert len(client.search_runs([ids["experiment_id"]])) == 9
