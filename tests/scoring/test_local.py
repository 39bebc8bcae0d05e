"""Answers and metrics without Spark."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss, mean_squared_error

from sparktune.bundle import Bundle
from sparktune.data import Table
from sparktune.errors import DataError, ScoringError
from sparktune.scoring.local import measure_rows, predict_rows
from tests.bundle.models import by_keras, inputs


def table(bundle: Bundle, kind: str, **more: object) -> Table:
    """Ten rows of a bundle's columns, as numpy arrays."""
    x, at, columns = inputs(kind, 10), 0, {}
    for feature in bundle.schema.features:
        flat = x.reshape(10, -1)[:, at : at + feature.width]
        columns[feature.name] = flat.reshape(10, *feature.shape)
        at += feature.width
    return Table({**columns, **more}, "rows")


@pytest.mark.parametrize("kind", ["binary", "classes", "regression"])
def test_answers_are_those_of_the_model(bundles: dict[str, Bundle], kind: str) -> None:
    bundle = bundles[kind]
    raw = by_keras(bundle, inputs(kind, 10))
    answers = predict_rows(bundle, table(bundle, kind))
    assert [answer["prediction"] for answer in answers] == pytest.approx(bundle.labels(raw))
    if kind != "regression":
        expected = raw[:, 0] if kind == "binary" else raw
        np.testing.assert_allclose([answer["probability"] for answer in answers], expected, rtol=1e-5)


def test_a_missing_feature_makes_the_answer_null(bundles: dict[str, Bundle]) -> None:
    columns = {**table(bundles["binary"], "binary").columns, "f3": np.array([None] + [0.5] * 9)}
    answers = predict_rows(bundles["binary"], Table(columns, "rows"))
    assert answers[0] == {"prediction": None, "probability": None}
    assert all(answer["prediction"] in ("no", "yes") for answer in answers[1:])
    with pytest.raises(ScoringError, match="row 0"):
        measure_rows(bundles["binary"], Table({**columns, "label": np.array(["no"] * 10)}, "rows"))
    del columns["f3"]
    with pytest.raises(ScoringError, match="'f3' is missing"):
        predict_rows(bundles["binary"], Table(columns, "rows"))


def test_metrics_are_those_of_the_field(bundles: dict[str, Bundle], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@host")  # a study would refuse it
    bundle, truth = bundles["classes"], np.array([10, 20, 30, 10, 20, 30, 10, 20, 30, 10])
    found = measure_rows(bundle, table(bundle, "classes", digit=truth), label="digit")
    raw = by_keras(bundle, inputs("classes", 10))
    by_class = {"balanced_accuracy", "f1", "precision", "recall"}
    assert set(found) == {"loss", "accuracy", *by_class}
    macro = f1_score(truth, bundle.labels(raw), average="macro", zero_division=0)
    assert found["f1"] == pytest.approx(macro, abs=1e-6)
    assert found["accuracy"] == pytest.approx(accuracy_score(truth, bundle.labels(raw)))
    shares = raw.astype("float64")
    loss = log_loss(truth, shares / shares.sum(axis=1, keepdims=True))
    assert found["loss"] == pytest.approx(loss, rel=1e-4)


def test_labels_may_be_given_by_their_names(bundles: dict[str, Bundle]) -> None:
    bundle = bundles["classes"]
    schema = bundle.schema.model_copy(update={"class_names": ("ten", "twenty", "thirty")})
    named = Bundle(bundle.path, bundle.manifest.model_copy(update={"columns": schema}), bundle.engine)
    names = np.array(["ten", "twenty", "thirty", "ten", "ten", "ten", "ten", "ten", "ten", "ten"], object)
    numbers = np.array([10, 20, 30, 10, 10, 10, 10, 10, 10, 10])
    by_name = measure_rows(named, table(bundle, "classes", label=names))
    assert by_name == measure_rows(named, table(bundle, "classes", label=numbers))
    assert {answer["prediction"] for answer in predict_rows(named, table(bundle, "classes"))} <= set(names)


def test_weights_count_in_the_loss_and_in_metrics_of_their_own(bundles: dict[str, Bundle]) -> None:
    bundle, truth = bundles["regression"], np.arange(10.0)
    weights = np.array([4.0] * 5 + [0.0] * 5)
    rows = table(bundle, "regression", label=truth, weight=weights)
    raw = by_keras(bundle, inputs("regression", 10))[:, 0]
    plain, weighted = measure_rows(bundle, rows), measure_rows(bundle, rows, weight="weight")
    assert plain["mean_squared_error"] == pytest.approx(mean_squared_error(truth, raw), rel=1e-4)
    errors = {f"{kind}_error" for kind in ("mean_squared", "mean_absolute", "root_mean_squared")}
    assert set(plain) == {"loss", "mean_absolute_percentage_error", "r2", *errors}
    assert plain["loss"] == plain["mean_squared_error"] == weighted["mean_squared_error"]
    assert set(weighted) == {*plain, *(f"weighted_{name}" for name in plain if name != "loss")}
    expected = mean_squared_error(truth[:5], raw[:5])
    assert weighted["loss"] == pytest.approx(expected, rel=1e-4)
    assert weighted["weighted_mean_squared_error"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([10, 20, 40], "row 2 holds 40"),
        (None, "label column 'label' is not there"),
        ([10.0, None, 20], "row 1"),
    ],
)
def test_labels_that_cannot_be_measured(bundles: dict[str, Bundle], labels: list[int], message: str) -> None:
    columns = {name: values[:3] for name, values in table(bundles["classes"], "classes").columns.items()}
    given = {} if labels is None else {"label": np.array(labels)}
    with pytest.raises((ScoringError, DataError), match=message):
        measure_rows(bundles["classes"], Table({**columns, **given}, "rows"))
