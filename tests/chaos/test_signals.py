"""Signals that end a driver in any phase: exit code 130, nothing left, and the same command goes on."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import mlflow
import pytest

from sparktune.ledger import Ledger, StudyEnded
from tests.chaos.cluster import until
from tests.chaos.processes import command_of, heed_signals, session_of, socket_folders
from tests.chaos.studies import events, study_of

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def write(folder: Path, epochs: int = 1) -> Path:
    """A study of one trial of the digits, in local processes."""
    document = {
        "study": {"name": "small"},
        "data": {"source": "digits", "test": {"fraction": 0.2}},
        "search": {"space": {"neurons": [8]}},
        "training": {"epochs": epochs},
        "resources": {"launcher": "local", "parallelism": 1},
        "tracking": {"uri": f"sqlite:///{folder}/mlflow.db"},
        "output": {"directory": str(folder / "studies")},
    }
    path = folder / "study.yaml"
    path.write_text(json.dumps(document))
    (folder / "temporary").mkdir()
    return path


def started(config: Path, **streams: Any) -> "subprocess.Popen[bytes]":
    """The command on this study, the leader of a session of its own."""
    command = [sys.executable, "-m", "sparktune", "tune", "--config", str(config)]
    environment = {**os.environ, "TMPDIR": str(config.parent / "temporary")}
    where = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "preexec_fn": heed_signals, **streams}
    return subprocess.Popen(command, start_new_session=True, env=environment, **where)


def imports(driver: int, config: Path) -> bool:
    """Whether the modules are being imported: the fork server starts first."""
    for process in session_of(driver):
        with suppress(OSError):
            if b"forkserver" in command_of(process):
                return True
    return False


def loads(driver: int, config: Path) -> bool:
    """Whether the data are being read: scikit-learn, which has the digits, is loaded for that."""
    return "sklearn" in Path(f"/proc/{driver}/maps").read_text()


def exports(driver: int, config: Path) -> bool:
    """Whether the search is over and the model is not exported yet."""
    return bool(events(config, "result"))


def searches(driver: int, config: Path) -> bool:
    """Whether a trial trains."""
    return bool(events(config, "launched"))


def assert_ended(driver: "subprocess.Popen[bytes]", config: Path, sockets: set[Path]) -> None:
    """It ended as interrupted and left neither processes nor files, nor these folders of its sockets."""
    assert sockets
    try:
        errors = driver.communicate(timeout=60)[1] or b""
    finally:
        driver.kill()
    assert driver.returncode == 130, errors.decode()
    assert b"Traceback" not in errors
    until(lambda: not session_of(driver.pid), "the end of its processes", 10)
    assert list((config.parent / "temporary").iterdir()) == []
    assert [folder for folder in sockets if folder.exists()] == []
    if study_of(config).exists():
        ended = Ledger.read(study_of(config)).last(StudyEnded)
        assert ended is not None and ended.state == "KILLED"


PHASES: dict[str, Callable[[int, Path], bool]] = {
    "import": imports,
    "data": loads,
    "search": searches,
    "export": exports,
}
QUICK = [("import", signal.SIGINT), ("data", signal.SIGHUP), ("export", signal.SIGTERM)]
ALL = [(phase, number) for phase in PHASES for number in SIGNALS]


@pytest.mark.fault("SIGINT, SIGTERM or SIGHUP during import, data, search and export")
@pytest.mark.parametrize(("phase", "number"), ALL, ids=lambda value: getattr(value, "name", value))
def test_a_signal_in_any_phase(
    tmp_path: Path, phase: str, number: signal.Signals, at_full_length: bool
) -> None:
    if (phase, number) not in QUICK and not at_full_length:
        pytest.skip("each phase and each signal once is enough")
    config = write(tmp_path, epochs=100_000 if phase == "search" else 1)
    driver = started(config)
    until(lambda: PHASES[phase](driver.pid, config) or driver.poll() is not None, phase)
    sockets = socket_folders(session_of(driver.pid))
    os.killpg(driver.pid, number)
    assert_ended(driver, config, sockets)
    if phase == "export":
        ids = json.loads((study_of(config) / "summary.json").read_text())["mlflow"]
        client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
        assert client.get_run(ids["run_id"]).info.status == "KILLED"
        resumed = started(config)
        assert b"Traceback" not in resumed.communicate(timeout=120)[1]
        assert resumed.returncode == 0
        assert (study_of(config) / "bundle").is_dir()
        assert len(events(config, "launched")) == 1
        assert client.get_run(ids["run_id"]).info.status == "FINISHED"


@pytest.mark.fault("the terminal is closed (SIGHUP) during the search")
def test_a_terminal_that_is_closed(tmp_path: Path) -> None:
    config = write(tmp_path, epochs=100_000)
    own, terminal = pty.openpty()
    driver = started(config, stdin=terminal, stdout=terminal, stderr=terminal, preexec_fn=controlled)
    os.close(terminal)
    until(lambda: searches(driver.pid, config) or driver.poll() is not None, "the search")
    time.sleep(0.3)
    sockets = socket_folders(session_of(driver.pid))
    os.close(own)
    assert_ended(driver, config, sockets)


def controlled() -> None:
    """In the child: standard input is the terminal that controls its session."""
    import fcntl
    import termios

    heed_signals()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
