"""A study read from its directory: while it runs, when it has ended, and after its driver was killed."""

import json
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from sparktune.errors import StudyDirectoryError
from sparktune.ledger.events import BundleExported, Recorded
from sparktune.ledger.lock import DriverLock
from sparktune.report import StudyRecord, read_study
from sparktune.trial import TrialState
from tests.report.ledgers import SPACE, START, STARTED, Timed, finished, launched, result, write_ledger


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyRecord:
    return read_study(finished(tmp_path_factory.mktemp("study") / "small"))


def test_a_finished_study(study: StudyRecord) -> None:
    assert (study.name, study.status, study.total, len(study.trials)) == ("small", "FINISHED", 18, 18)
    assert (study.objective.metric, study.objective.direction) == ("val_accuracy", "maximize")
    assert study.summary is not None and study.summary.test == {"accuracy": 0.8}
    best = max(t.value for t in study.trials if t.value is not None)
    assert study.best is not None and study.best.value == best == study.valued[0].value
    assert [t.value for t in study.valued] == sorted((t.value for t in study.valued), reverse=True)
    assert study.seconds == pytest.approx(23.301)


def test_a_trial_says_what_it_was_and_when(study: StudyRecord) -> None:
    trial = study.trial(0)
    assert trial.params == {"neurons": 16, "learning_rate": 0.001, "optimizer": "sgd"}
    assert (trial.state, trial.seconds, trial.host) == (TrialState.COMPLETE, 2.0, "a")
    assert trial.started == pytest.approx(START + 0.3) and trial.ended == pytest.approx(START + 2.3)
    assert trial.executions[0].waited == pytest.approx(0.3)
    assert study.trial(5).complaint == "ValueError: shape (5, 3) is wrong"


def test_a_running_study_and_a_killed_one(tmp_path: Path) -> None:
    events = [STARTED, *launched(0.0, 0, 1), (3.0, Recorded(result(0, 0.5), None)), *launched(3.0, 2)]
    folder = write_ledger(tmp_path / "small", events)
    lock = DriverLock(folder / ".driver.lock")
    running = read_study(folder)
    lock.close()
    killed = read_study(folder)
    assert (running.status, killed.status) == ("RUNNING", "KILLED")
    assert [str(t.state) for t in running.trials] == ["COMPLETE", "RUNNING", "RUNNING"]
    assert [str(t.state) for t in killed.trials] == ["COMPLETE", "KILLED", "KILLED"]
    assert running.trial(1).ended is None and killed.trial(1).ended == START + 3
    assert running.summary is None


def test_the_baseline_is_the_trial_nearest_to_the_middle(tmp_path: Path) -> None:
    by_place = {place: number for number, place in enumerate(product(range(3), range(3), range(2)))}
    records = [(1.0, Recorded(result(n, 0.5 + n / 100), None)) for n in range(18)]
    study = read_study(write_ledger(tmp_path / "all", [STARTED, *records]))
    assert study.baseline is not None and study.baseline.number == by_place[1, 1, 0]
    alone = read_study(write_ledger(tmp_path / "alone", [STARTED, records[0]]))
    assert alone.baseline is None


def test_the_test_metrics_are_those_of_the_best_trial(tmp_path: Path) -> None:
    exported = BundleExported(0, {"accuracy": 0.75})
    events: list[Timed] = [STARTED, (1.0, Recorded(result(0, 0.5), None)), (2.0, exported)]
    assert read_study(write_ledger(tmp_path, events)).test == {"accuracy": 0.75}
    events.append((3.0, Recorded(result(1, 0.6), None)))
    assert read_study(write_ledger(tmp_path, events)).test is None


def test_the_summary_is_that_of_the_file(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    record = read_study(folder).summary
    assert record is not None
    (folder / "summary.json").write_text(json.dumps({**record.to_record(), "seconds": 77.0}))
    assert read_study(folder).summary.seconds == 77.0
    for damaged in ("{", "[]", "null", '{"test": [1]}'):
        (folder / "summary.json").write_text(damaged)
        assert read_study(folder).summary == record


def test_a_sampler_of_ones_own_leaves_the_total_open(tmp_path: Path) -> None:
    records = [(1.0, Recorded(result(n, 0.5), None)) for n in range(3)]
    search = {"sampler": "grid", "space": {"neurons": [1, 2]}}
    assert read_study(write_ledger(tmp_path / "a", [STARTED, *records], search=search)).total is None
    search = {"sampler": "of_a_package", "space": SPACE}
    assert read_study(write_ledger(tmp_path / "b", [STARTED], search=search)).total is None


def test_a_folder_without_a_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyDirectoryError, match="must be a study directory, but its ledger"):
        read_study(tmp_path)


def test_reading_loads_no_heavy_library(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    code = f"""
import sys
from itertools import pairwise, product
from pathlib import Path
from sparktune.report import read_study
read_study(Path({str(folder)!r}))
print(*{{"numpy", "pandas", "tensorflow", "pyspark", "mlflow", "rich"}} & set(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []
