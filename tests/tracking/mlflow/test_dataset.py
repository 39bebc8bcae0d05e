"""The data set of a study is an input of its run."""

import json

from mlflow import MlflowClient
from mlflow.entities import Dataset

from sparktune.summary import DataSummary
from sparktune.tracking.mlflow.dataset import log_dataset
from tests.tracking.studies import study_spec

DATA = DataSummary("ab" * 32, {"train": 80, "validation": 20})


def logged(store: str, data: DataSummary, **section: str) -> Dataset:
    client, spec = MlflowClient(tracking_uri=store), study_spec(store, data=section)
    run = client.create_run("0")
    for _ in range(2):
        log_dataset(client, client.get_run(run.info.run_id), spec, data)
    (logged_once,) = client.get_run(run.info.run_id).inputs.dataset_inputs
    return logged_once.dataset


def test_it_has_a_name_a_digest_and_rows(store: str) -> None:
    dataset = logged(store, DATA, source="csv", path="flats.csv", label="rent")
    assert (dataset.name, dataset.digest) == ("flats.csv", "abababababababab")
    assert (dataset.source_type, json.loads(dataset.source)) == (
        "csv",
        {"source": "csv", "path": "flats.csv"},
    )
    assert json.loads(dataset.profile) == {"num_rows": 100, "train_rows": 80, "validation_rows": 20}


def test_rows_that_are_not_known_are_left_out(store: str) -> None:
    dataset = logged(store, DataSummary("ab" * 32, {}), source="digits")
    assert (dataset.name, dataset.profile) == ("digits", None)
