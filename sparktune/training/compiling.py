"""Gives a Keras model its loss, its metrics and its optimizer."""

from typing import TYPE_CHECKING, Any

from sparktune.columns.schema import Schema
from sparktune.spec import TrainingSpec
from sparktune.training.objective import WEIGHTED, loss_of, metrics_of, weighted_metrics_of
from sparktune.training.optimizers import build_optimizer

if TYPE_CHECKING:
    import keras


def compile_for_training(model: "keras.Model", training: TrainingSpec, schema: Schema, rows: int) -> None:
    """Compile in place, for `rows` training rows.

    Raises:
        SpecError: the loss or a metric does not fit the label.
    """
    optimizer = build_optimizer(training, steps_per_epoch=-(-rows // training.batch_rows(rows)))
    _compile(model, training, schema, optimizer=optimizer)


def compile_for_evaluation(model: "keras.Model", training: TrainingSpec, schema: Schema) -> None:
    """Compile in place with the same loss and metrics; the optimizer is not to be used.

    Raises:
        SpecError: the loss or a metric does not fit the label.
    """
    _compile(model, training, schema)


def _compile(model: Any, training: TrainingSpec, schema: Schema, **options: Any) -> None:
    loss: Any = loss_of(training, schema)
    if loss == "root_mean_squared_error":
        from sparktune.training.losses import RootMeanSquaredError

        loss = RootMeanSquaredError()
    model.compile(
        loss=loss,
        metrics=[_metric(name, schema) for name in metrics_of(training, schema)],
        weighted_metrics=[_metric(name, schema, WEIGHTED) for name in weighted_metrics_of(training, schema)],
        jit_compile=False,  # XLA costs seconds of compilation a trial; it is never worth it inside model.fit
        **options,
    )


def _metric(name: str, schema: Schema, prefix: str = "") -> Any:
    """A metric object under the spec's own name: Keras would guess its kind from shapes."""
    import keras

    accuracy = "SparseCategoricalAccuracy" if schema.task == "classes" else "BinaryAccuracy"
    kinds = {
        "accuracy": accuracy,
        "auc": "AUC",
        "precision": "Precision",
        "recall": "Recall",
        "top_5_accuracy": "SparseTopKCategoricalAccuracy",
        "mean_squared_error": "MeanSquaredError",
        "mean_absolute_error": "MeanAbsoluteError",
        "root_mean_squared_error": "RootMeanSquaredError",
    }
    return getattr(keras.metrics, kinds[name])(name=prefix + name)
