"""Studies of several objectives: the front, its models, and what an end in the middle leaves of them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from studies import document

from sparktune.bundle import Bundle
from sparktune.errors import InputError, SpecError
from sparktune.ledger import Ledger
from sparktune.search import Decision, Pruner
from sparktune.study import StudyResult, export_trial, tune

SECONDS = 120
OBJECTIVE = {"metrics": [{"metric": "parameters"}, {"metric": "val_loss"}]}
SEARCH = {"space": {"learning_rate": [0.01, 0.05, 0.1], "neurons": [2, 4, 16]}}


def data() -> tuple[np.ndarray, np.ndarray]:
    """Whether two numbers have the same sign, which larger networks tell better."""
    x = np.random.default_rng(0).normal(size=(300, 3)).astype("float32")
    return x, (x[:, 0] * x[:, 1] > 0).astype("int32")


def study(folder: Path, **sections: Any) -> dict[str, Any]:
    """Nine trials, read from a file."""
    x, y = data()
    np.savez(folder / "rows.npz", x=x, y=y)
    given = {**document(folder)["data"], "source": "npz", "path": str(folder / "rows.npz")}
    resources = {"launcher": "local", "parallelism": 2}
    several = {"search": SEARCH, "objective": OBJECTIVE, "resources": resources, "data": given}
    return document(folder, **{**several, **sections})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, fork_server: None) -> StudyResult:
    """The study in one go."""
    return tune(study(tmp_path_factory.mktemp("whole")))


def front_of(result: StudyResult) -> list[int]:
    """Numbers of the trials that no other one beats, by all pairs."""
    values = {n: list(r.values.values()) for n, r in Ledger.read(result.directory).results.items()}
    return [
        number
        for number, own in values.items()
        if not any(other != own and np.all(np.less_equal(other, own)) for other in values.values())
    ]


def kept(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.glob("best-*.keras"))


def test_the_front_is_in_the_summary_and_its_models_are_kept(whole):
    front = [trial.trial for trial in whole.pareto]
    assert sorted(front) == sorted(front_of(whole)) and 1 < len(front) < 9
    assert kept(whole.directory) == sorted(f"best-{number}.keras" for number in front)
    summary = json.loads((whole.directory / "summary.json").read_text())
    assert [entry["trial"] for entry in summary["pareto"]] == front
    assert summary["pareto"][0]["params"] == whole.pareto[0].params
    assert summary["objective"]["metric"] == "val_loss"
    losses = [entry["values"]["val_loss"] for entry in summary["pareto"]]
    assert losses == sorted(losses) and summary["best"]["value"] == losses[0]
    assert whole.bundle.lineage.trial == summary["best"]["trial"] == front[0]
    table = pd.read_csv(whole.directory / "trials.csv")
    assert list(table.columns[:6]) == [
        "trial",
        "state",
        "value",
        "values.parameters",
        "values.val_loss",
        "pareto",
    ]
    assert sorted(table[table["pareto"]]["trial"]) == sorted(front)
    weights = {2: 11, 4: 21, 16: 81}  # three inputs, a hidden layer, one output
    scaling = whole.bundle.model.count_params() - weights[whole.best.params["neurons"]]
    expected = [weights[neurons] + scaling for neurons in table["params.neurons"]]
    assert list(table["values.parameters"]) == expected


def test_mlflow_has_every_objective_and_marks_the_front(whole):
    client = mlflow.MlflowClient(whole.spec.tracking.uri)
    runs = client.search_runs([whole.summary["mlflow"]["experiment_id"]], "tags.`sparktune.trial` != ''")
    shown = {int(run.data.tags["sparktune.trial"]): run.data for run in runs}
    assert sorted(n for n, run in shown.items() if "pareto" in run.tags) == sorted(front_of(whole))
    assert [n for n, run in shown.items() if "best" in run.tags] == [whole.best.trial]
    assert (
        shown[0].metrics["objective.parameters"]
        == Ledger.read(whole.directory).results[0].values["parameters"]
    )
    own = client.get_run(whole.summary["mlflow"]["run_id"]).data.tags
    assert "Pareto front" in own["mlflow.note.content"]


def test_each_trial_of_the_front_can_be_exported(whole):
    smallest = min(whole.pareto, key=lambda trial: trial.values["parameters"])
    bundle = whole.export(smallest.trial)
    assert bundle.path == whole.directory / "pareto" / str(smallest.trial)
    assert bundle.model.count_params() == smallest.values["parameters"]
    assert (bundle.lineage.trial, bundle.lineage.value) == (smallest.trial, smallest.values["val_loss"])
    x, y = data()
    assert bundle.schema == whole.bundle.schema
    assert np.mean((np.ravel(bundle.predict(x)) > 0.5) == y) > 0.5
    assert export_trial(whole.directory, smallest.trial).manifest.lineage == bundle.lineage
    beaten = next(number for number in range(9) if number not in front_of(whole))
    with pytest.raises(
        InputError, match=rf"whose model is kept \({whole.best.trial}, .*\), but got {beaten}"
    ):
        whole.export(beaten)


def test_a_killed_driver_costs_none_of_the_front(whole, tmp_path):
    config = tmp_path / "study.yaml"
    spec = study(tmp_path)
    config.write_text(yaml.safe_dump(spec, sort_keys=False))
    command = [sys.executable, "-m", "sparktune", "tune", "--config", str(config), "--offline"]
    driver = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    ledger, deadline = tmp_path / "studies/small/ledger.jsonl", time.monotonic() + SECONDS
    while not ledger.exists() or ledger.read_text().count('"COMPLETE"') < 3:
        assert driver.poll() is None and time.monotonic() < deadline, driver.communicate()[1]
        time.sleep(0.01)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.communicate()
    before = Ledger.read(ledger.parent)
    assert 3 <= len(before.results) < 9
    lost = before.front.ranked[-1].trial
    before.model(lost).unlink()  # a disk may lose a file as well
    result = tune(spec, offline=True)
    assert result.summary["pareto"] == whole.summary["pareto"]
    assert result.summary["best"] == whole.summary["best"]
    assert kept(result.directory) == kept(whole.directory)
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    ended = [line["result"]["trial"] for line in lines if line.get("event") == "result"]
    assert sorted(set(ended)) == [*range(9)] and len(ended) == 10 and ended.count(lost) == 2


@pytest.fixture(scope="module")
def on_spark(tmp_path_factory: pytest.TempPathFactory, fork_server: None, spark: Any) -> StudyResult:
    """Five trials of three objectives, trained by Spark on raw columns in segments of one epoch."""
    folder = tmp_path_factory.mktemp("spark")
    pq.write_table(raw_table(), folder / "rows.parquet")
    metrics = [{"metric": name} for name in ("val_accuracy", "seconds", "bytes")]
    search = {"sampler": "tpe", "trials": 5, "options": {"n_startup_trials": 2}, "space": SEARCH["space"]}
    given = {**document(folder)["data"], "source": "parquet", "path": str(folder / "rows.parquet")}
    sections = {
        "objective": {"metrics": metrics},
        "search": search,
        "resources": {"launcher": "spark", "parallelism": 2, "segment_seconds": 1e-6},
        "data": {**given, "label": "same", "scale": "auto"},
    }
    return tune(document(folder, **sections), spark, offline=True)


def raw_table() -> pa.Table:
    """The same rows as words and numbers, some of which are missing."""
    x, y = data()
    words = np.where(x[:, 0] > 0, "positive", "negative")
    third = pa.array(x[:, 2], mask=x[:, 2] > 1.5)
    return pa.table({"sign": words, "second": x[:, 1], "third": third, "same": y})


def test_a_study_of_seconds_and_bytes_in_segments_ends_as_its_results_say(on_spark):
    result, ledger = on_spark, Ledger.read(on_spark.directory)
    assert sorted(ledger.front.members) == sorted(trial.trial for trial in result.pareto)
    for number, trial in ledger.results.items():
        assert trial.values["seconds"] == trial.timings["train"] < trial.seconds
        if number in ledger.front.members:
            assert ledger.model(number).stat().st_size == trial.values["bytes"]
    assert kept(result.directory) == sorted(f"best-{trial.trial}.keras" for trial in result.pareto)


def test_an_exported_trial_of_the_front_takes_raw_columns(on_spark):
    other = on_spark.pareto[-1]
    bundle = on_spark.export(other.trial)
    assert bundle.schema == on_spark.bundle.schema and bundle.lineage.trial == other.trial
    assert [feature.name for feature in bundle.schema.features] == ["sign", "second", "third"]
    table = raw_table()
    predicted = np.ravel(bundle.predict(bundle.rows(table.append_column("more", table["same"])))) > 0.5
    model = Ledger.read(on_spark.directory).model(other.trial)
    assert np.array_equal(predicted, np.ravel(predict_by(model, bundle, table)) > 0.5)
    unseen = table.slice(0, 1).set_column(0, "sign", pa.array(["neither"]))
    assert np.isfinite(bundle.predict(bundle.rows(unseen))).all()


def predict_by(model: Path, bundle: Bundle, table: pa.Table) -> np.ndarray:
    """What the trial's own model answers for the encoded rows."""
    import keras

    return keras.saving.load_model(model)(bundle.rows(table)).numpy()


def test_what_several_objectives_cannot_have_is_refused_before_anything_starts(tmp_path):
    class Never(Pruner):
        def next_rung(self, epochs):
            return None

        def decide(self, result, view):
            return Decision.CONTINUE

    with pytest.raises(InputError, match="pruner must not be given beside several objectives"):
        tune(study(tmp_path), pruner=Never(), offline=True)
    unknown = {"metrics": [{"metric": "val_loss"}, {"metric": "val_f2"}]}
    with pytest.raises(
        SpecError, match=r"metrics\[1\].metric must be a metric that training produces.*seconds"
    ):
        tune(study(tmp_path, objective=unknown), offline=True)
    assert not (tmp_path / "studies").exists()
