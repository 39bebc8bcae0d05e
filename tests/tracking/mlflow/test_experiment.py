"""Runs are found by the tags of their study, in an experiment that is there once."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from sparktune.tracking.mlflow.entries import StudyEntries
from sparktune.tracking.mlflow.experiment import find_runs, is_complete, open_experiment
from sparktune.tracking.mlflow.runs import StudyRuns
from sparktune.trial import Trial
from tests.tracking.studies import OBJECTIVE, complete, study_spec


def test_an_experiment_is_made_once_and_restored(store: str, tmp_path: Path) -> None:
    client = MlflowClient(tracking_uri=store)
    made = open_experiment(client, store, "lessons")
    assert Path(client.get_experiment(made).artifact_location) == tmp_path / "mlruns" / "lessons"
    client.delete_experiment(made)
    assert open_experiment(client, store, "lessons") == made
    assert client.get_experiment(made).lifecycle_stage == "active"


def test_artefacts_stay_beside_the_database_whatever_the_name(store: str, tmp_path: Path) -> None:
    client = MlflowClient(tracking_uri=store)
    made = open_experiment(client, store, "/Users/ada/lessons")
    assert Path(client.get_experiment(made).artifact_location) == tmp_path / "mlruns/Users/ada/lessons"


def test_runs_are_found_page_by_page_oldest_first(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sparktune.tracking.mlflow.experiment.PER_PAGE", 2)
    client = MlflowClient(tracking_uri=store)
    place = open_experiment(client, store, "lessons")
    for start_ms, study, number in [(3, "a", "7"), (1, "a", "7"), (2, "a", "1"), (4, "b", "7")]:
        client.create_run(place, start_ms, {"sparktune.study_id": study, "sparktune.trial": number})
    own = client.create_run(place, 5, {"sparktune.study_id": "a"})
    found = find_runs(client, place, "a")
    starts = {n: [run.info.start_time for run in runs] for n, runs in found.items()}
    assert starts == {7: [1, 3], 1: [2], None: [own.info.start_time]}
    assert [*find_runs(client, place, "a", 1)] == [1]


def test_a_run_is_complete_when_it_shows_all_of_its_entry(store: str) -> None:
    client, entries = MlflowClient(tracking_uri=store), StudyEntries(study_spec(store), "whole", OBJECTIVE)
    runs = StudyRuns(store, "lessons", "whole")
    runs.write_study(entries.study(1_000))
    running, ended = (
        entries.launch(Trial("digits", 0, {}, 1), 1_000),
        entries.result(complete(0), 9_000, 1_000),
    )
    runs.trials.write([running])
    begun = client.get_run(str(runs.trials.run_of(0)))
    runs.trials.write([ended])
    run = client.get_run(str(runs.trials.run_of(0)))
    assert is_complete(run, ended, runs.study)
    assert not is_complete(begun, ended, runs.study)
    assert not is_complete(run, running, runs.study)
    assert not is_complete(run, ended, "another parent")
    assert not is_complete(run, entries.result(complete(0, attempt=2), 9_000, 1_000), runs.study)
    assert not is_complete(run, entries.result(complete(0, value=0.9), 9_000, 1_000), runs.study)
