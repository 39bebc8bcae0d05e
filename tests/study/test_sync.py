"""MLflow rebuilt from a study's directory alone."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from sparktune.errors import StudyDirectoryError
from sparktune.ledger import Ledger, StudyEnded, StudyStarted
from sparktune.spec import parse_spec
from sparktune.study.result import write_summary
from sparktune.study.sync import sync_study
from sparktune.summary import BestTrial, Objective, Summary
from sparktune.tracking import sync
from sparktune.trial import TrialResult, TrialState

POINTS = [{"neurons": 4}, {"neurons": 8}]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    spec = parse_spec(
        {
            "study": {"name": "small"},
            "search": {"space": {"neurons": [4, 8]}},
            "tracking": {"uri": f"sqlite:///{tmp_path}/mlflow.db"},
        }
    )
    return Ledger.open(tmp_path / "small", spec, "data", "maximize")


def test_a_directory_whose_study_never_started_is_refused(ledger: Ledger) -> None:
    ledger.close()
    with pytest.raises(StudyDirectoryError, match="must hold a study that was started; run `sparktune tune`"):
        sync_study(ledger.directory)


def test_a_study_that_a_driver_is_at_work_on_is_refused(ledger: Ledger) -> None:
    with ledger:
        ledger.note(StudyStarted("val_accuracy", "maximize", {}))
        with pytest.raises(StudyDirectoryError, match="must be at rest, but a driver is at work on it"):
            sync_study(ledger.directory)


def test_no_driver_and_no_other_sync_begins_beside_one(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ledger:
        ledger.note(StudyStarted("val_accuracy", "maximize", {}))
    refusals: list[str] = []

    def begin_others(*arguments: Any, **options: Any) -> dict[str, str]:
        others = (
            lambda: Ledger.open(ledger.directory, ledger.spec, "data", "maximize"),
            lambda: sync_study(ledger.directory),
        )
        for begin in others:
            with pytest.raises(StudyDirectoryError) as refused:
                begin()
            refusals.append(str(refused.value))
        return sync(*arguments, **options)

    monkeypatch.setattr("sparktune.study.sync.sync", begin_others)
    sync_study(ledger.directory)
    assert "is in use by another driver" in refusals[0]
    assert "or a sync does; run `sparktune sync` again once it has ended" in refusals[1]
    Ledger.open(ledger.directory, ledger.spec, "data", "maximize").close()


def test_a_directory_that_cannot_be_locked_is_read_all_the_same(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ledger:
        ledger.note(StudyStarted("val_accuracy", "maximize", {}))
        there = ledger.directory
        # as for a user who may not write there: nothing is refused to root
        monkeypatch.setattr(os, "access", lambda path, mode: there not in (path, *Path(path).parents))
        with pytest.raises(StudyDirectoryError, match="must be at rest, but a driver"):
            sync_study(ledger.directory)
    (ledger.directory / ".driver.lock").unlink()
    assert "run_id" in sync_study(ledger.directory)
    assert not (ledger.directory / ".driver.lock").exists()


def test_all_that_the_ledger_holds_is_shown_and_the_summary_says_where(ledger: Ledger) -> None:
    best = TrialResult(0, POINTS[0], TrialState.COMPLETE, 0.5, 1, {"val_accuracy": [0.5]})
    with ledger:
        ledger.note(StudyStarted("val_accuracy", "maximize", {"train": 8, "validation": 2}))
        ledger.record(best)
        ledger.record(TrialResult(1, POINTS[1], TrialState.PAUSED, checkpoint="c1"))
        objective = Objective("val_accuracy", "maximize")
        counts = {"COMPLETE": 1, "PAUSED": 1}
        summary = Summary("small", ledger.study_id, counts, None, objective, BestTrial.of(best))
        ledger.note(StudyEnded("FINISHED", summary))
    for name in ("trials.csv", "report.html"):
        (ledger.directory / name).write_text("what the study wrote")
    ids = sync_study(ledger.directory)
    assert sync_study(ledger.directory) == ids
    client = MlflowClient(tracking_uri=ledger.spec.tracking.uri)
    runs = client.search_runs([ids["experiment_id"]], "tags.`sparktune.trial` != ''")
    states = {run.data.tags["sparktune.trial"]: run.data.tags["sparktune.state"] for run in runs}
    assert states == {"0": "COMPLETE", "1": "PAUSED"}
    own = client.get_run(ids["run_id"])
    assert own.info.status == "FINISHED"
    assert json.loads(own.inputs.dataset_inputs[0].dataset.profile)["num_rows"] == 10
    assert [run.data.tags["sparktune.trial"] for run in runs if "best" in run.data.tags] == ["0"]
    assert {"trials.csv", "report.html"} <= {file.path for file in client.list_artifacts(ids["run_id"])}
    assert json.loads((ledger.directory / "summary.json").read_text())["mlflow"] == ids
    (ledger.directory / "summary.json").unlink()
    (ledger.directory / "summary.json").mkdir()  # so that nobody can write it
    with pytest.raises(StudyDirectoryError, match=r"MLflow shows the study, but .* must be writable"):
        sync_study(ledger.directory)


def test_of_a_later_run_that_was_killed_its_own_best_is_shown(ledger: Ledger) -> None:
    first = TrialResult(0, POINTS[0], TrialState.COMPLETE, 0.5, 1, {"val_accuracy": [0.5]})
    started, objective = StudyStarted("val_accuracy", "maximize"), Objective("val_accuracy", "maximize")
    with ledger:
        ledger.note(started)
        ledger.record(first)
        summary = Summary("small", ledger.study_id, {"COMPLETE": 1}, None, objective, BestTrial.of(first))
        ledger.note(StudyEnded("FINISHED", summary))
        write_summary(ledger.directory, summary)
        ledger.note(started)
        ledger.record(TrialResult(1, POINTS[1], TrialState.COMPLETE, 0.75, 1, {"val_accuracy": [0.75]}))
    ids = sync_study(ledger.directory)
    own = MlflowClient(tracking_uri=ledger.spec.tracking.uri).get_run(ids["run_id"])
    assert (own.info.status, own.data.tags["sparktune.best.trial"]) == ("KILLED", "1")
    written = json.loads((ledger.directory / "summary.json").read_text())
    assert (written["best"]["trial"], written["states"], written["mlflow"]) == (1, {"COMPLETE": 2}, ids)
    assert (written["stopped"], written["bundle"], written["seconds"] < 60) == ("interrupt", None, True)
