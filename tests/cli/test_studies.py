"""Commands of study directories."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sparktune.ledger.events import Launched, Recorded, StudyEnded, StudyStarted
from sparktune.ledger.lock import DriverLock
from sparktune.report import read_study
from sparktune.summary import Objective, Summary
from tests.cli.command import documented, heavy_modules, run
from tests.report.ledgers import finished, result, several, value_of, write_ledger


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of 18 trials that has ended."""
    return finished(tmp_path_factory.mktemp("study") / "small")


@pytest.fixture
def under_way(tmp_path: Path) -> Path:
    """A study whose first trial has ended, whose second one runs or did so when its driver was killed."""
    params = [result(number).params for number in (0, 1)]
    events = [
        (0.0, StudyStarted("val_accuracy", "maximize")),
        *((0.0, Launched(number, 1, 7, params[number])) for number in (0, 1)),
        (3.0, Recorded(result(0, 0.5), None)),
    ]
    return write_ledger(tmp_path / "small", events)


def document(capfd, *arguments: str) -> dict[str, object]:
    code, out, err = run(capfd, *arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_with_several_objectives_each_command_knows_the_front(capfd, tmp_path) -> None:
    folder = several(tmp_path / "small")
    best = document(capfd, "best", str(folder))
    first, *others = best["pareto"]
    assert (first["trial"], first["params"], first["epoch"]) == (best["trial"], best["params"], 2)
    assert others and {"val_accuracy", "parameters"} == set(first["values"])
    status = document(capfd, "status", str(folder))
    assert status["pareto"] == best["pareto"]
    assert [metric["metric"] for metric in status["objective"]["metrics"]] == ["val_accuracy", "parameters"]
    shown = document(capfd, "show", str(folder), str(best["trial"]))
    assert (shown["values"], shown["pareto"]) == (first["values"], True)
    assert document(capfd, "show", str(folder), "5")["pareto"] is False
    _, out, _ = run(capfd, "best", str(folder))
    assert f"pareto: {len(best['pareto'])} trials that no other one beats" in out
    assert f"trial {others[0]['trial']}, val_accuracy" in out and ", parameters " in out
    _, out, _ = run(capfd, "status", str(folder))
    assert f"pareto   trials {first['trial']}, {others[0]['trial']}" in out


@pytest.mark.parametrize("command", ["sync", "status", "best", "show"])
def test_a_folder_that_is_no_study_is_bad_input(capfd, tmp_path, command) -> None:
    arguments = [command, str(tmp_path), *(["0"] if command == "show" else [])]
    code, out, err = run(capfd, *arguments, "--json")
    assert (code, json.loads(out)["error"]["type"]) == (2, "StudyDirectoryError")
    assert "ledger.jsonl" in err


def test_the_status_of_a_study_that_has_ended(capfd, study) -> None:
    status = document(capfd, "status", str(study))
    assert (status["study"], status["status"], status["seconds_left"]) == ("small", "FINISHED", None)
    assert status["trials"] == {
        "total": 18,
        "done": 18,
        "running": [],
        "states": {"COMPLETE": 15, "FAILED": 3},
    }
    assert status["best"]["params"].keys() == {"neurons", "learning_rate", "optimizer"}
    lines = run(capfd, "status", str(study))[1].splitlines()
    assert lines[:2] == ["study    small: FINISHED", "trials   18 of 18 done (15 COMPLETE, 3 FAILED)"]
    assert max(map(len, lines)) <= 60


def test_the_status_of_a_study_that_runs_and_of_a_killed_one(capfd, under_way) -> None:
    lock = DriverLock(under_way / ".driver.lock")
    running = document(capfd, "status", str(under_way))
    lock.close()
    killed = document(capfd, "status", str(under_way))
    assert (running["status"], running["trials"]["running"]) == ("RUNNING", [1])
    assert (running["trials"]["done"], running["trials"]["total"]) == (1, 18)
    assert running["seconds_left"] == pytest.approx(17 * running["seconds"], rel=0.01)
    assert (killed["status"], killed["seconds_left"], killed["seconds"]) == ("KILLED", None, 3.0)
    assert killed["trials"]["states"] == {"COMPLETE": 1, "KILLED": 1}
    assert "again to resume" in run(capfd, "status", str(under_way))[1]


def test_of_many_trials_that_run_ten_are_named(capfd, tmp_path) -> None:
    launched = [(0.0, Launched(number, 1, 7, result(number).params)) for number in range(14)]
    folder = write_ledger(tmp_path / "small", [(0.0, StudyStarted("val_accuracy", "maximize")), *launched])
    lock = DriverLock(folder / ".driver.lock")
    lines = run(capfd, "status", str(folder))[1].splitlines()
    lock.close()
    assert sum(line.startswith("running") for line in lines) == 10
    assert lines[-1] == "         and 4 more"


@pytest.mark.parametrize("command", ["status", "best", "show"])
def test_documents_have_the_names_that_are_documented(capfd, study, command) -> None:
    arguments = [command, str(study), *(["0"] if command == "show" else [])]
    assert set(document(capfd, *arguments)) == documented(command)


@pytest.mark.parametrize("command", ["status", "best"])
def test_reading_a_study_loads_no_heavy_library(study, command) -> None:
    found = heavy_modules(command, str(study), heavy=("tensorflow", "keras", "mlflow", "pyspark", "pandas"))
    assert found == []


def test_a_trial_with_its_curve(capfd, study) -> None:
    trial = document(capfd, "show", str(study), "0")
    assert (trial["state"], trial["value"], trial["epoch"]) == ("COMPLETE", value_of(0), 2)
    assert trial["history"] == {"accuracy": [0.5, value_of(0) + 0.05], "val_accuracy": [0.4, value_of(0)]}
    out = run(capfd, "show", str(study), "0")[1]
    assert "  neurons=16\n  learning_rate=0.001\n  optimizer=sgd\n" in out
    assert "* val_accuracy  o accuracy" in out
    assert max(map(len, out.splitlines())) <= 60


def test_a_trial_with_its_error(capfd, study) -> None:
    trial = document(capfd, "show", str(study), "5")
    assert (trial["state"], trial["value"]) == ("FAILED", None)
    assert trial["error"].endswith("ValueError: shape (5, 3) is wrong")
    assert run(capfd, "show", str(study), "5")[1].endswith("ValueError: shape (5, 3) is wrong\n")


def test_a_trial_that_is_not_there(capfd, study) -> None:
    code, _, err = run(capfd, "show", str(study), "18")
    assert code == 2
    assert "0 to 17" in err


def test_the_best_trial(capfd, study) -> None:
    best = document(capfd, "best", str(study))
    assert best["value"] == max(value_of(number) for number in range(18) if number % 6 != 5)
    assert best["bundle"] is None
    out = run(capfd, "best", str(study))[1]
    assert f"trial {best['trial']} of study small, val_accuracy {best['value']:.6g} at epoch 2" in out
    assert f"baseline: trial {best['baseline']['trial']}" in out


def test_the_best_trial_is_known_without_its_bundle(capfd, tmp_path) -> None:
    folder = finished(tmp_path / "small")
    summary = read_study(folder).summary
    assert summary is not None
    (folder / "summary.json").write_text(json.dumps({**summary.to_record(), "bundle": "bundle"}))
    best = document(capfd, "best", str(folder))
    assert (best["trial"], best["bundle"], best["engine"]) == (summary.best.trial, None, None)


def test_a_study_without_a_value_has_no_best(capfd, tmp_path) -> None:
    folder = write_ledger(tmp_path / "my study", [(0.0, StudyStarted("val_accuracy", "maximize"))])
    code, out, _ = run(capfd, "best", str(folder), "--json")
    error = json.loads(out)["error"]
    assert (code, error["exit_code"]) == (1, 1)
    assert f"run `sparktune status '{folder}'`" in error["message"]


def test_a_study_whose_trials_failed_names_the_first_failure(capfd, tmp_path) -> None:
    failures = [(1.0, Recorded(result(number, error=f"ValueError: no {number}"), None)) for number in (0, 1)]
    folder = write_ledger(tmp_path / "small", [(0.0, StudyStarted("val_accuracy", "maximize")), *failures])
    code, _, err = run(capfd, "best", str(folder))
    assert code == 1
    assert "(trial 0 failed: ValueError: no 0)" in err


def test_a_killed_study_was_not_stopped_as_its_earlier_run(capfd, tmp_path) -> None:
    summary = Summary("small", "1f2e", {}, "timeout", Objective("val_accuracy", "maximize"))
    start = StudyStarted("val_accuracy", "maximize")
    events = [(0.0, start), (1.0, StudyEnded("KILLED", summary)), (2.0, start)]
    for count, how in ((2, "KILLED (stopped by timeout)"), (3, "KILLED")):
        folder = write_ledger(tmp_path / str(count), events[:count])
        assert run(capfd, "status", str(folder))[1].splitlines()[0] == f"study    small: {how}"


@pytest.mark.parametrize(
    ("stopped", "way"),
    [("patience", "raise search.budget.patience"), ("timeout", "run the same command again")],
)
def test_the_status_of_a_stopped_study_says_what_makes_it_go_on(capfd, tmp_path, stopped, way) -> None:
    summary = Summary("small", "1f2e", {}, stopped, Objective("val_accuracy", "maximize"))
    events = [(0.0, StudyStarted("val_accuracy", "maximize")), (1.0, StudyEnded("KILLED", summary))]
    folder = write_ledger(tmp_path / "small", events)
    last = run(capfd, "status", str(folder))[1].splitlines()[-1]
    assert last == f"stopped before its end; {way} to resume"


def test_people_read_rounded_numbers_and_scripts_exact_ones(capfd, tmp_path) -> None:
    params = {"neurons": 4, "learning_rate": 0.1 + 0.2}
    events = [(1.0, Recorded(result(0, 0.5, params=params), None))]
    folder = write_ledger(tmp_path / "small", [(0.0, StudyStarted("val_accuracy", "maximize")), *events])
    for command in ("status", "best", "show"):
        arguments = [command, str(folder), *(["0"] if command == "show" else [])]
        assert "learning_rate=0.3\n" in run(capfd, *arguments)[1]
        assert "0.30000000000000004" in run(capfd, *arguments, "--json")[1]


DRIVER = """
import sys, time
from pathlib import Path
from sparktune.ledger.lock import DriverLock
lock = DriverLock(Path(sys.argv[1]) / ".driver.lock")
print("held", flush=True)
time.sleep(600)
"""


def test_a_killed_driver_is_seen_at_once(capfd, under_way) -> None:
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, str(under_way)], stdout=subprocess.PIPE)
    assert driver.stdout is not None and driver.stdout.readline() == b"held\n"
    assert document(capfd, "status", str(under_way))["status"] == "RUNNING"
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    driver.stdout.close()
    assert document(capfd, "status", str(under_way))["status"] == "KILLED"


def test_a_real_study_is_seen_while_it_runs_and_after_ctrl_c(capfd, tmp_path, fork_server) -> None:
    study = {
        "study": {"name": "long"},
        "data": {"source": "digits"},
        "search": {"space": {"neurons": [4, 8]}},
        "training": {"epochs": 100_000, "batch_size": 8},
        "resources": {"launcher": "local", "parallelism": 1},
    }
    (tmp_path / "study.yaml").write_text(json.dumps(study))
    folder = tmp_path / "studies" / "long"
    driver = subprocess.Popen(
        [sys.executable, "-m", "sparktune", "tune", "--config", "study.yaml", "--offline", "--json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 120
        ledger = folder / "ledger.jsonl"
        while not ledger.exists() or '"event": "launched"' not in ledger.read_text():
            assert driver.poll() is None and time.monotonic() < deadline, driver.communicate()
            time.sleep(0.1)
        status = document(capfd, "status", str(folder))
        assert (status["status"], status["trials"]["total"], status["trials"]["done"]) == ("RUNNING", 2, 0)
        driver.send_signal(signal.SIGINT)
        printed, errors = driver.communicate(timeout=60)
    finally:
        driver.kill()
    assert driver.returncode == 130, errors
    assert json.loads(printed)["error"]["type"] == "StudyInterrupted"
    assert document(capfd, "status", str(folder))["status"] == "KILLED"
    assert run(capfd, "status", str(folder))[1].splitlines()[0] == "study    long: KILLED (interrupted)"
