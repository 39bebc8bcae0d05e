"""What is measured by row weights where the spec does not list it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from studies import data, document

from sparktune.data import Dataset, load_dataset
from sparktune.errors import StudyDirectoryError
from sparktune.ledger import Ledger
from sparktune.ledger.journal import encode_line
from sparktune.spec import StudySpec, parse_spec
from sparktune.study import tune
from sparktune.study.weighted_metrics import with_weighted_metrics

X, Y = data()
WEIGHT = np.arange(1, len(Y) + 1, dtype="float32")


def study(folder: Path, **training: Any) -> dict[str, Any]:
    """Two trials that share their graphs."""
    given = document(folder, search={"space": {"learning_rate": [0.01, 0.1]}}, training={"epochs": 1})
    return {**given, "resources": {"parallelism": 1, "fuse": 2}, "training": {"epochs": 1, **training}}


def listed(spec: StudySpec, dataset: Dataset) -> tuple[str, ...] | None:
    return with_weighted_metrics(spec, dataset).training.weighted_metrics


def test_all_metrics_are_measured_by_weights_where_there_are_weights(tmp_path: Path) -> None:
    spec = parse_spec(study(tmp_path))
    weighted, plain = load_dataset(spec, (X, Y, WEIGHT)), load_dataset(spec, (X, Y))
    assert (listed(spec, weighted), listed(spec, plain)) == (("accuracy",), ())
    assert listed(parse_spec(study(tmp_path, metrics=["auc", "f1"])), weighted) == ("auc", "f1")
    assert listed(parse_spec(study(tmp_path, weighted_metrics=[])), weighted) == ()
    assert listed(parse_spec(study(tmp_path, weighted_metrics=["f1"])), plain) == ("f1",)


def test_a_study_with_weights_trains_as_fast_and_may_be_decided_by_them(
    tmp_path: Path, fork_server: None
) -> None:
    given = {**study(tmp_path), "objective": {"metric": "val_weighted_accuracy"}}
    result = tune(given, data=(X, Y, WEIGHT), offline=True)
    assert set(result.summary["test"]) == {"loss", "accuracy", "weighted_accuracy"}
    ledger = Ledger.read(result.directory)
    assert ledger.spec.training.weighted_metrics == ("accuracy",)
    assert {(r.notes.engine, r.notes.fused) for r in ledger.results.values()} == {("compiled", "2")}
    assert all(r.value == max(r.history["val_weighted_accuracy"]) for r in ledger.results.values())


@pytest.mark.parametrize("first_line", ["without the field", "with an empty list", "damaged"])
def test_a_study_of_an_earlier_version_goes_on_with_its_list(tmp_path: Path, first_line: str) -> None:
    spec = parse_spec(study(tmp_path))
    dataset = load_dataset(spec, (X, Y, WEIGHT))
    before = parse_spec(study(tmp_path, weighted_metrics=[]))
    with Ledger.open(spec.study_directory, before, dataset.digest, "maximize"):
        path = spec.study_directory / "ledger.jsonl"
    header = {name: value for name, value in json.loads(path.read_text()).items() if name != "crc"}
    assert header["spec"]["training"]["weighted_metrics"] == []
    if first_line == "without the field":
        header["spec"]["training"].pop("weighted_metrics")
    path.write_bytes(b"{" * (first_line == "damaged") + encode_line(header))
    assert listed(spec, dataset) == (("accuracy",) if first_line == "damaged" else ())
    here = with_weighted_metrics(spec, dataset) if first_line != "damaged" else before
    with Ledger.open(spec.study_directory, here, dataset.digest, "maximize") as ledger:
        assert ledger.header.study_id == header["study_id"]


def test_a_study_that_measures_others_by_weights_is_another(tmp_path: Path) -> None:
    spec = parse_spec(study(tmp_path))
    dataset = load_dataset(spec, (X, Y, WEIGHT))
    weighted = with_weighted_metrics(spec, dataset)
    with Ledger.open(spec.study_directory, weighted, dataset.digest, "maximize"):
        pass
    assert with_weighted_metrics(spec, load_dataset(spec, (X, Y))) == weighted
    none = parse_spec(study(tmp_path, weighted_metrics=[]))
    with pytest.raises(StudyDirectoryError, match=r"training\.weighted_metrics: \['accuracy'\] there, None"):
        Ledger.open(spec.study_directory, none, dataset.digest, "maximize")
