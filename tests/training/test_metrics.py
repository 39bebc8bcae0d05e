"""Metrics of our own are those of scikit-learn, however rows come in."""

from typing import Any

import keras
import numpy as np
import pytest
import sklearn.metrics as sk

from sparktune.spec import TrainingSpec
from sparktune.training.compiling import compile_for_evaluation
from sparktune.training.engine.structure import fully_described
from sparktune.training.objective import METRICS, metrics_of

RANDOM = np.random.default_rng(3)
ROWS, CLASSES = 200, 4
WEIGHT = RANDOM.random(ROWS).astype("float32")


def classes() -> tuple[np.ndarray, np.ndarray]:
    """Targets without the last class, and probabilities that know something."""
    y = RANDOM.integers(0, CLASSES - 1, ROWS).astype("int32")
    raw = RANDOM.random((ROWS, CLASSES)) + np.eye(CLASSES)[y] * 0.4
    return y, (raw / raw.sum(axis=1, keepdims=True)).astype("float32")


def binary() -> tuple[np.ndarray, np.ndarray]:
    y = (RANDOM.random((ROWS, 1)) < 0.2).astype("float32")
    return y, np.clip(0.5 * y + RANDOM.random((ROWS, 1)) * 0.6, 0, 1).astype("float32")


def labels() -> tuple[np.ndarray, np.ndarray]:
    y = (RANDOM.random((ROWS, 3)) < 0.4).astype("float32")
    return y, (0.4 * y + RANDOM.random((ROWS, 3)) * 0.6).astype("float32")


def numbers() -> tuple[np.ndarray, np.ndarray]:
    """Far from 0, where float32 has few digits for squares."""
    y = (RANDOM.random((ROWS, 2)) + 1000).astype("float32")
    return y, (y + RANDOM.normal(0, 0.1, (ROWS, 2))).astype("float32")


def measured(metric: Any, y: np.ndarray, output: np.ndarray, weight: np.ndarray | None) -> float:
    for rows in (slice(0, 7), slice(7, 150), slice(150, ROWS)):
        metric.update_state(y[rows], output[rows], None if weight is None else weight[rows])
    return float(metric.result())


def metric_of(schema: Any, name: str) -> Any:
    """The metric that a model is compiled with."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(schema.outputs)])
    compile_for_evaluation(model, TrainingSpec(metrics=[name]), schema)
    assert fully_described(model.get_compile_config()["metrics"])
    return model._compile_metrics._user_metrics[0]


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("balanced_accuracy", lambda y, p, w: sk.recall_score(y, p, average="macro", labels=[0, 1, 2], **w)),
        ("f1", lambda y, p, w: sk.f1_score(y, p, average="macro", zero_division=0, **w)),
        ("precision", lambda y, p, w: sk.precision_score(y, p, average="macro", zero_division=0, **w)),
        ("recall", lambda y, p, w: sk.recall_score(y, p, average="macro", zero_division=0, **w)),
    ],
)
def test_of_classes(schema_of: Any, name: str, expected: Any, weight: np.ndarray | None) -> None:
    y, output = classes()
    w = {} if weight is None else {"sample_weight": weight}
    found = measured(metric_of(schema_of((2,), "classes", CLASSES), name), y, output, weight)
    assert found == pytest.approx(expected(y, output.argmax(axis=1), w), abs=1e-6)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", ["balanced_accuracy", "f1"])
def test_of_a_binary_label(schema_of: Any, name: str, weight: np.ndarray | None) -> None:
    y, output = binary()
    score = {"balanced_accuracy": sk.balanced_accuracy_score, "f1": sk.f1_score}[name]
    expected = score(y[:, 0], output[:, 0] > 0.5, sample_weight=weight)
    found = measured(metric_of(schema_of((2,), "binary", 1), name), y, output, weight)
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    ("name", "score"), [("auc", sk.roc_auc_score), ("pr_auc", sk.average_precision_score)]
)
@pytest.mark.parametrize(("task", "outputs"), [("binary", 1), ("classes", 3)])
def test_areas_under_curves(
    schema_of: Any, task: str, outputs: int, name: str, score: Any, weight: np.ndarray | None
) -> None:
    y, output = binary() if task == "binary" else classes()
    if task == "classes":
        output = output[:, :outputs] / output[:, :outputs].sum(axis=1, keepdims=True)
        flags = np.eye(outputs)[y]
        expected = np.mean([score(flags[:, n], output[:, n], sample_weight=weight) for n in range(outputs)])
    else:
        expected = score(y[:, 0], output[:, 0], sample_weight=weight)
    found = measured(metric_of(schema_of((2,), task, outputs), name), y, output, weight)
    assert found == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize(
    ("name", "score"), [("auc", sk.roc_auc_score), ("pr_auc", sk.average_precision_score)]
)
def test_areas_under_curves_of_a_rare_class(schema_of: Any, name: str, score: Any) -> None:
    """All probabilities are small, sure of it, or 0 and 1: few thresholds would tie most rows."""
    rows = 20_000
    y = np.arange(rows) % ROWS == 0
    odds = RANDOM.normal(0, 1.5, rows) + 2.0 * y - 7.0
    likely = np.where(np.arange(rows) % 7 == 0, 0.0, 1 / (1 + np.exp(-odds))).astype("float32")
    likely[:3] = 1.0
    for output in (likely, 1 - np.square(1 - likely)):
        for targets in (y, ~y):
            found = measured_at_once(schema_of((2,), "binary", 1), name, targets, output)
            assert found == pytest.approx(score(targets, output), abs=3e-4)


@pytest.mark.parametrize("name", ["auc", "pr_auc"])
def test_areas_of_labels_count_all_of_them_together(schema_of: Any, name: str) -> None:
    y, output = labels()
    score = {"auc": sk.roc_auc_score, "pr_auc": sk.average_precision_score}[name]
    found = measured(metric_of(schema_of((2,), "labels", 3), name), y, output, WEIGHT)
    expected = score(y, output, average="micro", sample_weight=WEIGHT)
    assert found == pytest.approx(expected, abs=5e-4)


def measured_at_once(schema: Any, name: str, y: np.ndarray, output: np.ndarray) -> float:
    metric = metric_of(schema, name)
    metric.update_state(y[:, None].astype("float32"), output[:, None])
    return float(metric.result())


@pytest.mark.parametrize("name", ["auc", "pr_auc"])
def test_a_class_without_rows_has_no_area(schema_of: Any, name: str) -> None:
    y = np.arange(ROWS, dtype="int32") % 2
    perfect = np.eye(3, dtype="float32")[y]
    assert measured(metric_of(schema_of((2,), "classes", 3), name), y, perfect, None) == pytest.approx(1.0)
    alone = measured(
        metric_of(schema_of((2,), "classes", 3), name), 0 * y, np.eye(3, dtype="f4")[0 * y], None
    )
    assert alone == pytest.approx({"auc": 0.0, "pr_auc": 1.0}[name])


def test_f1_of_several_labels(schema_of: Any) -> None:
    y, output = labels()
    found = measured(metric_of(schema_of((2,), "labels", 3), "f1"), y, output, None)
    assert found == pytest.approx(sk.f1_score(y, output > 0.5, average="macro"), abs=1e-6)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
def test_r2_of_numbers_far_from_zero(schema_of: Any, weight: np.ndarray | None) -> None:
    y, output = numbers()
    found = measured(metric_of(schema_of((2,), "regression", 2), "r2"), y, output, weight)
    expected = sk.r2_score(y.astype("float64"), output.astype("float64"), sample_weight=weight)
    assert found == pytest.approx(expected, abs=1e-4)  # float32
    same = np.full_like(y, 3.0)
    assert measured(metric_of(schema_of((2,), "regression", 2), "r2"), same, output, weight) == 0.0


def test_mape_is_in_percent(schema_of: Any) -> None:
    y, output = numbers()
    found = measured(metric_of(schema_of((2,), "regression", 2), "mape"), y, output, None)
    assert found == pytest.approx(100 * sk.mean_absolute_percentage_error(y, output), rel=1e-3)


@pytest.mark.parametrize(
    ("task", "outputs"), [("binary", 1), ("classes", 6), ("labels", 3), ("regression", 2)]
)
def test_every_metric_of_a_task_can_be_compiled_and_written(schema_of: Any, task: str, outputs: int) -> None:
    schema = schema_of((2,), task, outputs)
    training = TrainingSpec(metrics=METRICS[task])
    assert metrics_of(training, schema) == METRICS[task]
    for name in METRICS[task]:
        metric = metric_of(schema, name)
        again = keras.metrics.deserialize(keras.metrics.serialize(metric))
        assert (again.name, type(again)) == (name, type(metric))
