"""Studies of several labels a row, and of no validation rows, from the data to the answers."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from studies import document

from sparktune.bundle.payload import to_payload
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
