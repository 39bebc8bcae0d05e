import json
import os
import shutil
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from studies import data, document

import sparktune
from sparktune.errors import (
    BundleError,
    InputError,
    SpecError,
    StudyDirectoryError,
    StudyFailed,
    StudyInterrupted,
    TrackingError,
)
from sparktune.report import read_study
from sparktune.study import Progress, conclusion, sync_study, tune

pytestmark = pytest.mark.usefixtures("fork_server")


@pytest.fixture(scope="module")
def finished(spark, tmp_path_factory):
    """A study that ran to its end on Spark."""
    folder = tmp_path_factory.mktemp("finished")
    seen = []
    result = tune(document(folder), spark, data(), on_progress=seen.append)
    return folder, result, seen


def test_the_summary_says_what_happened(finished):
    folder, result, _ = finished
    summary = json.loads((folder / "studies/small/summary.json").read_text())
    assert summary == result.summary
    assert summary["states"] == {"COMPLETE": 4}
    assert summary["stopped"] is None
    assert summary["best"]["value"] == result.trials["value"].max()
    assert set(summary["best"]) == {"trial", "params", "value", "epoch"}
    assert set(summary["test"]) == {"loss", "accuracy"}
    assert summary["seconds"] > 0


def test_the_table_has_a_row_per_trial(finished):
    folder, result, _ = finished
    table = pd.read_csv(folder / "studies/small/trials.csv")
    columns = ["trial", "state", "value", "attempts", "seconds", "error"]
    on_training = ["train_loss", "train_accuracy", "gap"]
    assert list(table.columns) == [*columns, "params.neurons", "params.learning_rate", *on_training]
    assert list(table["trial"]) == [0, 1, 2, 3]
    assert list(table["attempts"]) == [1, 1, 1, 1]
    pd.testing.assert_series_equal(table["value"], result.trials["value"])


def test_progress_tells_of_every_trial(finished):
    _, result, seen = finished
    assert [p.done for p in seen] == [1, 2, 3, 4]
    assert {p.total for p in seen} == {4}
    assert seen[-1].best.trial == result.best.trial


def test_the_bundle_gives_the_reported_metric(finished):
    _, result, _ = finished
    x, y = data()
    bundle = sparktune.load(result.bundle.path)
    accuracy = np.mean((bundle.predict(x)[:, 0] > 0.5) == y)
    assert bundle.lineage.trial == result.best.trial
    assert accuracy > 0.7


def test_the_exported_model_is_measured_in_detail(finished):
    _, result, _ = finished
    evaluation = read_study(result.directory).evaluation
    assert evaluation is not None and (evaluation.split, evaluation.rows) == ("test", 24)
    right = sum(figures.correct for figures in evaluation.classes)
    assert right / evaluation.rows == pytest.approx(result.summary["test"]["accuracy"])


def test_mlflow_shows_the_study_and_its_trials(finished):
    folder, result, _ = finished
    client = mlflow.MlflowClient(f"sqlite:///{folder}/mlflow.db")
    ids = result.summary["mlflow"]
    runs = client.search_runs([ids["experiment_id"]])
    assert len(runs) == 5
    parent = client.get_run(ids["run_id"])
    assert parent.info.status == "FINISHED"
    nested = [r for r in runs if r.data.tags.get("mlflow.parentRunId") == ids["run_id"]]
    assert len(nested) == 4
    assert all(r.info.status == "FINISHED" for r in nested)
    assert len(client.get_metric_history(nested[0].info.run_id, "val_accuracy")) == 3


def test_the_same_study_again_trains_nothing(finished, spark):
    folder, result, _ = finished
    seen = []
    again = tune(document(folder), spark, data(), on_progress=seen.append)
    assert seen == []
    assert again.best == result.best
    pd.testing.assert_frame_equal(again.trials, result.trials)
    assert again.bundle.manifest == result.bundle.manifest


def test_serial_and_parallel_give_the_same_numbers(finished, spark, tmp_path):
    _, result, _ = finished
    serial = tune(document(tmp_path, resources={"parallelism": 1}), spark, data(), offline=True)
    assert list(serial.trials["value"]) == list(result.trials["value"])
    assert serial.best.history == result.best.history


def test_an_offline_study_is_synced_later_and_once(spark, tmp_path):
    result = tune(document(tmp_path), spark, data(), offline=True)
    assert result.summary["mlflow"] is None
    assert not (tmp_path / "mlflow.db").exists()
    ids = sync_study(result.directory)
    assert sync_study(result.directory) == ids
    assert json.loads((result.directory / "summary.json").read_text())["mlflow"] == ids
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    assert len(client.search_runs([ids["experiment_id"]])) == 5
    assert len(client.search_logged_models([ids["experiment_id"]])) == 1


def test_a_study_in_which_every_trial_fails_says_why(spark, tmp_path):
    spec = document(
        tmp_path,
        model={"builder": "builders:explodes_when_trained"},
        search={"space": {"neurons": [1, 2]}},
    )
    with pytest.raises(StudyFailed, match=r"FAILED.: 2.*the kernel is cursed"):
        tune(spec, spark, data(), offline=True)
    table = pd.read_csv(tmp_path / "studies/small/trials.csv")
    assert list(table["state"]) == ["FAILED", "FAILED"]
    assert list(table["attempts"]) == [1, 1]
    assert "cursed" in table["error"][0]


def test_diverged_trials_are_never_best(spark, tmp_path):
    spec = document(
        tmp_path,
        model={"kind": "linear"},
        data={"validation": {"fraction": 0.25}, "task": "regression"},
        search={"space": {"learning_rate": [1e30, 0.01]}},
        training={"epochs": 3, "optimizer": "sgd"},
    )
    result = tune(spec, spark, data(), offline=True)
    assert list(result.trials["state"]) == ["DIVERGED", "COMPLETE"]
    assert result.best.trial == 1


def test_an_interrupted_study_goes_on_and_a_timeout_ends_it_with_the_best_so_far(spark, tmp_path):
    space = {"learning_rate": {"low": 0.001, "high": 0.1}}
    endless = document(tmp_path, search={"sampler": "random", "trials": 10_000, "space": space})

    def ctrl_c(progress: Progress) -> None:
        if progress.done == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(StudyInterrupted, match="resume"):
        tune(endless, spark, data(), offline=True, on_progress=ctrl_c)
    summary = json.loads((tmp_path / "studies/small/summary.json").read_text())
    assert summary["stopped"] == "interrupt"
    assert summary["states"]["COMPLETE"] >= 1
    result = tune(endless, spark, data(), offline=True, timeout=0.01)
    assert result.summary["stopped"] == "timeout"
    assert result.bundle is not None
    assert result.summary["states"]["COMPLETE"] >= summary["states"]["COMPLETE"]


def test_a_tracking_server_that_is_down_is_refused_before_anything_starts(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spec = document(tmp_path, tracking={"uri": f"http://127.0.0.1:{port}"})
    with pytest.raises(TrackingError, match="offline"):
        tune(spec, None, data())
    assert not (tmp_path / "studies").exists()


def test_a_store_of_models_that_hangs_holds_up_nothing_and_sync_completes_it(tmp_path):
    spec = document(tmp_path, resources={"launcher": "local", "parallelism": 1})
    mlflow.MlflowClient(spec["tracking"]["uri"]).search_experiments()  # makes the tables
    release = threading.Event()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conclusion, "DRAIN_SECONDS", 4.0)
        patch.setattr(mlflow.MlflowClient, "log_model_artifacts", lambda *arguments: release.wait(60))
        result = tune(spec, None, data())
    assert result.summary["states"] == {"COMPLETE": 4}
    assert "model_uri" not in (result.summary["mlflow"] or {})
    try:
        ids = sync_study(result.directory)
    finally:
        release.set()
        for thread in [t for t in threading.enumerate() if t.name == "sparktune-tracking"]:
            thread.join(60)
    assert json.loads((result.directory / "summary.json").read_text())["mlflow"] == ids
    assert ids["model_uri"] == f"runs:/{ids['run_id']}/model"


def test_another_spec_does_not_take_the_directory(finished, spark):
    folder, _, _ = finished
    with pytest.raises(StudyDirectoryError, match="epochs"):
        tune(document(folder, training={"epochs": 4, "batch_size": 16}), spark, data(), offline=True)


def test_a_metric_that_training_does_not_produce_is_refused(tmp_path):
    with pytest.raises(SpecError, match="val_accuracy"):
        tune(document(tmp_path, objective={"metric": "val_acuracy"}), None, data(), offline=True)


def test_a_spark_data_frame_is_data_too(finished, spark, tmp_path):
    x, y = data()
    frame = spark.createDataFrame(
        pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "label": np.where(y, "yes", "no")})
    )
    columns = {"label": "label", "validation": {"fraction": 0.25}}
    result = tune(document(tmp_path, data=columns), spark, frame, offline=True)
    assert result.bundle.schema.classes == ("no", "yes")
    assert [f.name for f in result.bundle.schema.features] == ["a", "b", "c"]


def test_what_has_no_effect_is_said(tmp_path, caplog):
    search = {"trials": 3, "space": {"neurons": [2]}}
    tune(
        document(tmp_path, search=search, training={"epochs": 1, "momentum": 0.5}), data=data(), offline=True
    )
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "search.trials 3 has no effect: the space has 1 configuration" in said
    assert "training.momentum has no effect: optimizer adam has none; use momentum or nesterov" in said


def test_what_is_no_time_limit_is_refused_before_anything_starts(tmp_path):
    with pytest.raises(InputError, match="timeout must be a positive, finite number of seconds, but got -1"):
        tune(document(tmp_path), data=data(), timeout=-1)
    assert not list(tmp_path.iterdir())


def local(folder, **sections):
    """The study in processes of this machine, without Spark."""
    resources = {"launcher": "local", "parallelism": 1, "preload": False}
    return document(folder, **{"resources": resources, **sections})


def test_a_failed_export_leaves_the_outcome_and_no_run_that_seems_to_run(tmp_path):
    foreign = tmp_path / "studies/small/bundle/notes.txt"
    spec = local(tmp_path)

    def intrude(_):
        foreign.parent.mkdir(exist_ok=True)
        foreign.write_text("mine")

    with pytest.raises(BundleError, match="something else than a bundle"):
        tune(spec, None, data(), on_progress=intrude)
    summary = json.loads((tmp_path / "studies/small/summary.json").read_text())
    assert summary["states"] == {"COMPLETE": 4}
    assert (summary["bundle"], summary["best"] is None) == (None, False)
    assert len(pd.read_csv(tmp_path / "studies/small/trials.csv")) == 4
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    runs = client.search_runs([summary["mlflow"]["experiment_id"]])
    parent = client.get_run(summary["mlflow"]["run_id"])
    assert (len(runs), parent.info.status) == (5, "FAILED")
    foreign.unlink()
    assert tune(spec, None, data(), offline=True).bundle is not None


class Halving(sparktune.Sampler):
    """Halves the learning rate until a trial is worse than the one before, or three were tried."""

    size = None
    lookahead = 0

    def __init__(self) -> None:
        self.values: list[float] = []

    def ask(self, number):
        if len(self.values) < number:
            return sparktune.WAIT
        return None if number == 3 else {"learning_rate": 0.1 / 2**number}

    def tell(self, result):
        self.values.append(result.value)


class ThreadLauncher(sparktune.Launcher):
    """One trial at a time, in a thread of the driver."""

    closed = False

    def start(self, spec, shared):
        self.spec, self.data = spec, shared.data
        self.pool = ThreadPoolExecutor(1)

    def slots(self):
        return 1

    def launch(self, segments):
        return [self.pool.submit(sparktune.run_segment, one, self.spec, self.data) for one in segments]

    def cancel(self):
        pass

    def close(self):
        self.pool.shutdown()
        self.closed = True


class Lines(sparktune.Tracker):
    """What a study shows, as lines."""

    ids = None

    def __init__(self) -> None:
        self.lines: list[str] = []

    def start(self, spec, study_id, objective):
        self.lines.append(f"{spec.study.name} {objective.metric}")

    def launched(self, trial, at_ms=None):
        self.lines.append(f"trial {trial.number} runs")

    def record(self, result, ended_ms=None):
        self.lines.append(f"trial {result.trial} {result.state}")

    def finish(self, status, summary, artifacts=None):
        self.lines.append(f"{status} {summary.states}")

    def exported(self, bundle):
        self.lines.append("exported")

    def wait(self, timeout_s):
        return None

    def close(self, timeout_s=10.0):
        return True


@pytest.mark.parametrize("name", ["sampler", "launcher", "tracker"])
@pytest.mark.parametrize("given", ["tpe", Halving, object()])
def test_what_is_no_object_of_the_public_class_is_refused(tmp_path, name, given):
    with pytest.raises(InputError, match=f"{name} must be an object of a sparktune.{name.capitalize()}"):
        tune(local(tmp_path), data=data(), **{name: given})
    assert not (tmp_path / "studies").exists()


def test_objects_of_ones_own_propose_run_and_show(tmp_path):
    sampler, launcher, tracker = Halving(), ThreadLauncher(), Lines()
    result = tune(
        local(tmp_path, search={"space": {"learning_rate": [0.1]}}),
        data=data(),
        sampler=sampler,
        launcher=launcher,
        tracker=tracker,
    )
    assert list(result.trials["params.learning_rate"]) == [0.1, 0.05, 0.025]
    assert sampler.values == list(result.trials["value"])
    assert launcher.closed
    each = [line for n in range(3) for line in (f"trial {n} runs", f"trial {n} COMPLETE")]
    assert tracker.lines == ["small val_accuracy", *each, "FINISHED {'COMPLETE': 3}", "exported"]


def test_a_study_of_an_earlier_release_is_resumed(tmp_path):
    """Its driver was stopped with three results, after the launch of trial 1; no line has a checksum."""
    earlier, folder = Path(__file__).parent / "data" / "earlier", tmp_path / "studies" / "small"
    shutil.copytree(earlier, folder)
    written = (earlier / "ledger.jsonl").read_bytes()
    split = {"validation": {"fraction": 0.25}, "scale": "standardize"}
    training, resources = {"epochs": 2, "batch_size": 16}, {"launcher": "local", "parallelism": 1}
    spec = document(tmp_path, data=split, training=training, resources=resources)
    seen = []
    result = tune(spec, data=data(), offline=True, on_progress=seen.append)
    assert [progress.result.trial for progress in seen] == [1]
    assert (result.best.trial, result.best.value) == (3, 0.8999999761581421)
    assert result.summary["states"] == {"COMPLETE": 4}
    assert result.summary["study_id"] == json.loads(written.splitlines()[0])["study_id"]
    assert (folder / "ledger.jsonl").read_bytes().startswith(written)
    assert (folder / "best-3.keras").read_bytes() == (earlier / "best-3.keras").read_bytes()
