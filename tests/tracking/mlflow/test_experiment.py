"""Runs are found by the tags of their study, in an experiment that is there once."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from sparktune.tracking.mlflow.experiment import find_runs, open_experiment


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
