"""Searches over kinds of models and within a bound on their size, and those that go on from another study."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sparktune
from sparktune.errors import StudyDirectoryError
from sparktune.ledger import Ledger, WarmStarted

pytestmark = pytest.mark.usefixtures("fork_server")


def images(rows: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """x (rows, 6, 6) and whether the upper half is brighter than the lower one."""
    x = np.random.default_rng(0).random((rows, 6, 6), dtype="float32")
    return x, (x[:, :3].sum((1, 2)) > x[:, 3:].sum((1, 2))).astype("int32")


def document(folder: Path, name: str, search: dict[str, Any], **sections: Any) -> dict[str, Any]:
    """A study of these images, whose files all lie below `folder`."""
    return {
        "study": {"name": name, "seed": 1},
        "search": search,
        "training": {"epochs": 2, "batch_size": 20},
        "resources": {"launcher": "local", "parallelism": 2},
        "tracking": {"uri": f"sqlite:///{folder}/mlflow.db"},
        "output": {"directory": str(folder / "studies")},
        **sections,
    }


def build(params: dict[str, Any], input_shape: tuple[int, ...], outputs: int) -> Any:
    """A small model of the user's own, which multiplies its inputs by `factor`."""
    import keras

    inputs = keras.Input(input_shape)
    hidden = keras.layers.Dense(params["width"])(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Dense(outputs, activation="sigmoid")(hidden))


KINDS = {
    "kind": ["linear", "mlp", "cnn", "builder"],
    "neurons": {"values": [3], "when": {"kind": ["mlp", "builder"]}},
    "filters": [[2]],
    "width": {"values": [4], "when": {"kind": "builder"}},
    "learning_rate": [0.01],
}
OF_EACH_KIND = {
    "linear": {"learning_rate"},
    "mlp": {"neurons", "learning_rate"},
    "cnn": {"filters", "learning_rate"},
    "builder": {"width", "neurons", "learning_rate"},
}


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory, fork_server: None) -> sparktune.StudyResult:
    """A study over all kinds that read images, and a builder."""
    folder = tmp_path_factory.mktemp("kinds")
    study = document(folder, "kinds", {"space": KINDS}, model={"builder": build})
    return sparktune.tune(study, data=images())


def test_each_kind_is_trained_with_its_own_fields(kinds: sparktune.StudyResult) -> None:
    assert kinds.summary["states"] == {"COMPLETE": 4}
    results = Ledger.read(kinds.directory).results.values()
    assert {result.params["kind"]: result.params.keys() - {"kind"} for result in results} == OF_EACH_KIND
    assert {result.notes.engine for result in results} == {"compiled"}


def test_the_bundle_is_of_the_kind_that_won(kinds: sparktune.StudyResult) -> None:
    assert kinds.best is not None and kinds.bundle is not None
    assert kinds.bundle.lineage.params == kinds.best.params
    layers = [type(layer).__name__ for layer in kinds.bundle.model.layers]
    assert ("Conv2D" in layers) is (kinds.best.params["kind"] == "cnn")
    x, _ = images(4)
    assert kinds.bundle.predict(x).shape == (4, 1)


def test_the_report_and_mlflow_name_the_kinds(kinds: sparktune.StudyResult) -> None:
    import mlflow

    page = (kinds.directory / "report.html").read_text()
    assert "linear or mlp or cnn or builder" in page
    client = mlflow.MlflowClient(kinds.spec.tracking.uri)
    assert kinds.summary["mlflow"]
    run = client.get_run(kinds.summary["mlflow"]["run_id"])
    assert run.data.params["model.kind"] == "linear, mlp, cnn, builder"
    children = client.search_runs([run.info.experiment_id], f"tags.mlflow.parentRunId = '{run.info.run_id}'")
    assert {child.data.params["kind"] for child in children} == OF_EACH_KIND.keys()


def test_configurations_above_the_bound_are_never_trained(tmp_path: Path) -> None:
    space = {"kind": ["linear", "mlp", "cnn"], "neurons": [2, 50], "filters": [[2], [50]], "hidden": [[]]}
    search = {"space": {**space, "hidden": {"values": [[4]], "when": {"kind": "cnn"}}}, "max_parameters": 100}
    study = document(tmp_path, "bounded", {**search, "sampler": "tpe", "trials": 9})
    result = sparktune.tune(study, data=images(), offline=True)
    results = Ledger.read(result.directory).results
    chosen = [{k: v for k, v in r.params.items() if k != "hidden"} for r in results.values()]
    expected = [{"kind": "linear"}, {"kind": "mlp", "neurons": 2}, {"kind": "cnn", "filters": [2]}]
    assert sorted(chosen, key=str) == sorted(expected, key=str)
    assert result.summary["states"] == {"COMPLETE": 3}


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory, fork_server: None) -> sparktune.StudyResult:
    """Six trials of mlps."""
    space = {"learning_rate": [0.001, 0.01, 0.1], "neurons": [3, 5]}
    study = document(tmp_path_factory.mktemp("earlier"), "earlier", {"space": space})
    return sparktune.tune(study, data=images(), offline=True)


def later(
    earlier: sparktune.StudyResult, folder: Path, trials: int = 3, launcher: str = "local"
) -> dict[str, Any]:
    """A study that goes on from the earlier one, over other names; one trial at a time."""
    assert earlier.best is not None
    search = {
        "space": {"learning_rate": [0.001, 0.01, 0.2], "dropout": [0.0, 0.1, 0.2]},
        "sampler": "tpe",
        "options": {"n_startup_trials": 2},
        "trials": trials,
        "warm_start": {"study": str(earlier.directory), "weights": True},
    }
    model = {"kind": "mlp", "neurons": earlier.best.params["neurons"]}
    resources = {"launcher": launcher, "parallelism": 1, "segment_seconds": 0.001}
    return document(folder, "later", search, model=model, resources=resources)


def test_a_study_goes_on_from_an_earlier_one_and_resumes_without_it(
    earlier: sparktune.StudyResult, tmp_path: Path, caplog: pytest.LogCaptureFixture, spark: Any
) -> None:
    """Once by Spark in one go, and once by local processes in two runs: the same trials, bit for bit."""
    by_spark = later(earlier, tmp_path / "whole", 6, launcher="spark")
    with caplog.at_level("INFO", "sparktune"):
        whole = sparktune.tune(by_spark, spark, data=images(), offline=True)
    assert "4 of 6 trials are told to the sampler" in caplog.text
    assert "2 trials do not lie in this space: 2 for learning_rate" in caplog.text
    assert "not searched here, so left out: neurons" in caplog.text
    ledger = Ledger.read(whole.directory)
    recorded = ledger.last(WarmStarted)
    assert recorded is not None and earlier.best is not None
    assert all(result.params["dropout"] == 0.0 for result in recorded.results)
    origin = f"those of trial {earlier.best.trial} of study earlier"
    assert {result.notes.weights for result in ledger.results.values()} == {origin}

    sparktune.tune(later(earlier, tmp_path), data=images(), offline=True)
    gone = earlier.directory.rename(earlier.directory.with_name("gone"))
    try:
        resumed = sparktune.tune(later(earlier, tmp_path, 6), data=images(), offline=True)
    finally:
        gone.rename(earlier.directory)
    found = Ledger.read(resumed.directory).results
    assert {n: (r.params, r.history) for n, r in found.items()} == {
        n: (r.params, r.history) for n, r in ledger.results.items()
    }


def test_weights_that_were_changed_since_the_first_run_are_refused(
    earlier: sparktune.StudyResult, tmp_path: Path
) -> None:
    result = sparktune.tune(later(earlier, tmp_path, 1), data=images(), offline=True)
    (result.directory / "warm_start.npz").write_bytes(b"others")
    with pytest.raises(StudyDirectoryError, match=r"warm_start\.npz must hold the weights"):
        sparktune.tune(later(earlier, tmp_path, 2), data=images(), offline=True)
