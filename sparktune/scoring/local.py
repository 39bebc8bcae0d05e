"""A bundle's answers and its quality on rows of this process, without Spark."""

from typing import Any

import numpy as np

from sparktune.bundle import Bundle
from sparktune.columns.inputs import side_by_side
from sparktune.columns.names import find
from sparktune.data import Rows, Table
from sparktune.data.labels import encode_labels, label_values
from sparktune.data.weights import weights_of
from sparktune.errors import ScoringError
from sparktune.scoring.worker import answers
from sparktune.spec import StudySpec, TrackingSpec, TrainingSpec
from sparktune.spec.tracking import TRACKING_URI
from sparktune.training import evaluate
from sparktune.training.objective import metrics_for

Answer = dict[str, Any]


def predict_rows(bundle: Bundle, table: Table) -> list[Answer]:
    """For each row what `score` writes beside it: `prediction`, and `probability` but for regression.

    Both are None where a feature is missing.

    Raises:
        ScoringError: a feature column is missing, or holds no numbers.
    """
    x, valid = _inputs(bundle, table)
    raw = bundle.predict(x)
    found: list[Answer] = answers(bundle.schema, "both", raw, valid).to_pylist()
    return found


def measure_rows(
    bundle: Bundle, table: Table, label: str | None = None, weight: str | None = None
) -> dict[str, float]:
    """`loss`, the default one of the task, and all metrics that suit the label, measured by Keras.

    With weights the loss is their weighted mean, and each metric comes a second time, as `weighted_accuracy`.

    Args:
        bundle: the model.
        table: the features, and the true labels.
        label: the column of the labels; its name in training by default.
        weight: a column of row weights; twice the weight is the same as the row twice.

    Raises:
        ScoringError: a feature is missing or NULL, or a label never came up in training.
        DataError: there is no such column of labels or weights, or it cannot be used.
    """
    schema = bundle.schema
    x, valid = _inputs(bundle, table)
    if not valid.all():
        raise ScoringError(
            f"features must not hold NULL, but row {int(valid.argmin())} does; drop or fill it"
        )
    name = label or schema.label
    fields = [str(each) for each in schema.classes] if schema.task == "labels" else []
    labels = label_values(table, name, fields if sorted(fields) == sorted(table.parts(name)) else None)
    named = schema.class_names and labels.dtype.kind in "OU"  # else the study's own labels
    classes = schema.class_names if named else schema.classes
    if schema.task in ("binary", "classes"):
        _check_known(labels, classes, name)
    y = encode_labels(labels, schema.task, classes, "rows")
    weights, metrics = weights_of(table, weight), metrics_for(schema)
    training = TrainingSpec(metrics=metrics, weighted_metrics=() if weights is None else metrics)
    rows = Rows(x.reshape(len(x), *schema.input_shape), y, weights)
    nowhere = TrackingSpec(uri=TRACKING_URI)  # whatever the environment says: nothing is written
    measured = evaluate(bundle.model, rows, StudySpec(training=training, tracking=nowhere), schema)
    mean = 1.0 if weights is None else float(weights.mean(dtype=np.float64))  # Keras divides by rows alone
    return {"loss": measured.pop("loss") / mean, **measured}


def _inputs(bundle: Bundle, table: Table) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the feature columns, (rows, width), and which rows have all of them, (rows,)."""
    import pyarrow as pa

    features, dtype = bundle.schema.features, np.dtype(bundle.manifest.tensor.dtype)
    columns = [table.columns[find(feature.name, table.columns)] for feature in features]
    whole = [pa.chunked_array(c.chunks, c.type) if hasattr(c, "chunks") else c for c in columns]
    return side_by_side(whole, features, dtype)


def _check_known(labels: np.ndarray, classes: tuple[Any, ...], name: str) -> None:
    known = set(classes)
    strange = next((row for row, value in enumerate(labels.tolist()) if value not in known), None)
    if strange is not None:
        raise ScoringError(
            f"label {name!r} must be one that came up in training ({', '.join(map(str, classes))}), but row "
            f"{strange} holds {labels.tolist()[strange]!r}; leave such rows out"
        )
