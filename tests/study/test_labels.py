"""Labels from the data to the answers: several a row, labels with names; and what TensorBoard reads."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from studies import data, document
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from sparktune.bundle.payload import to_payload
from sparktune.data import Table
from sparktune.report.evaluation import read_evaluation
from sparktune.scoring.local import measure_rows, predict_rows
from sparktune.scoring.rows import table_of
from sparktune.scoring.types import answer_type
from sparktune.scoring.worker import predict_columns
from sparktune.study import tune

pytestmark = pytest.mark.usefixtures("fork_server")
X = np.random.default_rng(0).normal(size=(200, 2)).astype("float32")
Y = pd.DataFrame({"right": X[:, 0] > 0, "up": X[:, 1] > 0})
TRAINING = {"epochs": 30, "batch_size": 16, "learning_rate": 0.05}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study of two labels without validation rows."""
    spec = document(
        tmp_path_factory.mktemp("labels"),
        data={"validation": "none", "test": {"last": 0.25}},
        search={"space": {"neurons": [8, 16]}},
        training=TRAINING,
        resources={"launcher": "local", "parallelism": 1},
    )
    return tune(spec, data=(X, Y), offline=True)


def test_the_objective_is_a_metric_of_training(study):
    assert study.bundle.lineage.metric == "loss" and study.bundle.lineage.direction == "minimize"
    assert set(study.best.history) == {"loss", "accuracy", "precision", "recall"}
    assert study.summary["test"]["accuracy"] > 0.9


def test_each_label_has_a_probability_of_its_own(study):
    raw = study.bundle.predict(X[:20])
    assert raw.shape == (20, 2) and study.bundle.schema.classes == ("right", "up")
    decoded = [[name for name, p in zip(("right", "up"), row, strict=True) if p > 0.5] for row in raw]
    assert study.bundle.labels(raw) == decoded and [] in decoded and ["right", "up"] in decoded
    assert study.bundle.labels(np.array([[np.nan, 1.0]], "f4")) == [None]


def test_sql_answers_with_lists_of_labels(study):
    rows = pa.array([*X[:20].tolist(), None], pa.list_(pa.float32()))
    answers = predict_columns(to_payload(study.bundle), "both", rows).to_pylist()
    assert [row["prediction"] for row in answers[:-1]] == study.bundle.labels(study.bundle.predict(X[:20]))
    assert answers[-1]["prediction"] is None
    kind = answer_type(study.bundle.schema, "both")
    assert kind == "struct<prediction: array<string>, probability: array<float>>"


def test_labels_are_measured_by_name_in_whatever_order(study):
    (feature,) = study.bundle.schema.features
    given = {feature.name: X[:50]}
    found = []
    for names in (["right", "up"], ["up", "right"]):
        label = pa.StructArray.from_arrays([pa.array(Y[name][:50]) for name in names], names)
        found.append(measure_rows(study.bundle, Table({**given, "y": label}, "rows"), "y"))
    assert found[0] == found[1] and found[0]["accuracy"] > 0.9


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """A study of a label 0 or 1 that has names, whose trials write TensorBoard's events."""
    folder = tmp_path_factory.mktemp("named")
    x, y = data()
    spec = document(
        folder,
        data={"class_names": ["below", "above"], "test": {"last": 40}},
        search={"space": {"learning_rate": [0.01, 0.1]}},
        training={
            **TRAINING,
            "epochs": 2,
            "class_weight": {"above": 2.0},
            "callbacks": [{"kind": "tensorboard", "histogram_freq": 1}],
        },
        resources={"launcher": "local", "parallelism": 1},
    )
    return tune(spec, data=(x, y), offline=True)


def test_names_of_classes_are_what_a_study_answers(named):
    schema, x = named.bundle.schema, data()[0]
    assert (schema.classes, schema.label_map) == ((0, 1), ("below", "above"))
    raw = named.bundle.predict(x)
    labels = [("below", "above")[int(p > 0.5)] for p in raw[:, 0]]
    assert named.bundle.labels(raw) == labels and len(set(labels)) == 2
    rows = [{schema.features[0].name: row} for row in x.tolist()]
    assert [row["prediction"] for row in predict_rows(named.bundle, table_of(rows, schema, "rows"))] == labels
    evaluation = read_evaluation(named.directory, named.best.trial)
    assert [found.name for found in evaluation.classes] == ["below", "above"]
    assert sum(found.actual for found in evaluation.classes) == 40


def test_tensorboard_reads_the_runs_histograms_and_parameters_of_a_study(named):
    folder = named.directory / "tensorboard"
    assert {run.name for run in folder.iterdir() if run.is_dir()} == {"trial-0", "trial-1"}
    for trial in (0, 1):
        train, validation, session = (
            EventAccumulator(str(folder / f"trial-{trial}" / run), {"histograms": 0}).Reload()
            for run in ("train", "validation", "")
        )
        assert len(train.Tags()["histograms"]) == 4
        assert {event.step for event in train.Histograms(train.Tags()["histograms"][0])} == {0, 1}
        row = named.trials.set_index("trial").loc[trial]
        assert len(validation.Scalars("epoch_loss")) == 2
        assert session.Scalars("objective")[0].value == pytest.approx(row["value"])
        started = hparams_of(session, "session_start_info").session_start_info
        assert started.hparams["learning_rate"].number_value == pytest.approx((0.01, 0.1)[trial])
    experiment = hparams_of(EventAccumulator(str(folder)).Reload(), "experiment").experiment
    assert [info.name for info in experiment.hparam_infos] == ["learning_rate"]


def hparams_of(run, name):
    """What the HParams page reads of a run."""
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    content = run.summary_metadata[f"_hparams_/{name}"].plugin_data.content
    return HParamsPluginData.FromString(content)
