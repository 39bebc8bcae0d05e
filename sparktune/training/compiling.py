"""Gives a Keras model its loss, its metrics and its optimizer."""

from typing import TYPE_CHECKING, Any

from sparktune.columns.schema import Schema
from sparktune.spec import TrainingSpec
from sparktune.spec.training import name_of
from sparktune.training.objective import WEIGHTED, is_own, loss_of, metrics_of, weighted_metrics_of
from sparktune.training.optimizers import build_optimizer
from sparktune.training.references import import_reference

if TYPE_CHECKING:
    import keras

KERAS = {
    "accuracy": "BinaryAccuracy",
    "precision": "Precision",
    "recall": "Recall",
    "top_5_accuracy": "SparseTopKCategoricalAccuracy",
    "mean_squared_error": "MeanSquaredError",
    "mean_absolute_error": "MeanAbsoluteError",
    "root_mean_squared_error": "RootMeanSquaredError",
    "mean_absolute_percentage_error": "MeanAbsolutePercentageError",
}
OWN = {  # of `sparktune.training.metrics`, by metric and, where it is not for all, by task
    ("balanced_accuracy", None): "BalancedAccuracy",
    ("f1", None): "F1",
    ("precision", "classes"): "MacroPrecision",
    ("recall", "classes"): "MacroRecall",
    ("auc", None): "AreaUnderCurve",
    ("pr_auc", None): "AreaUnderCurve",
    ("r2", None): "R2",
}


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
    model.compile(
        loss=_loss(loss_of(training, schema), schema),
        metrics=[_metric(name, schema) for name in metrics_of(training, schema)],
        weighted_metrics=[_metric(name, schema, WEIGHTED) for name in weighted_metrics_of(training, schema)],
        jit_compile=False,  # XLA costs seconds of compilation a trial; it is never worth it inside model.fit
        **options,
    )


def _loss(name: str, schema: Schema) -> Any:
    """What Keras takes for a loss."""
    if is_own(name):
        return import_reference(name, "training.loss")
    if schema.label_scaling is not None:
        from sparktune.training.losses import OfScaledLabel

        return OfScaledLabel(name, schema.label_scaling.offset, schema.label_scaling.scale)
    if name == "root_mean_squared_error":
        from sparktune.training.losses import RootMeanSquaredError

        return RootMeanSquaredError()
    return name


def _metric(metric: str, schema: Schema, prefix: str = "") -> Any:
    """A metric object under the spec's own name: Keras would guess its kind from shapes."""
    import keras

    name = prefix + name_of(metric)
    if is_own(metric):
        return keras.metrics.MeanMetricWrapper(import_reference(metric, "training.metrics"), name=name)
    if (own := OWN.get((metric, schema.task)) or OWN.get((metric, None))) is not None:
        return _own_metric(own, metric, name, schema)
    kind = {("accuracy", "classes"): "SparseCategoricalAccuracy"}.get((metric, schema.task)) or KERAS[metric]
    return getattr(keras.metrics, kind)(name=name)


def _own_metric(kind: str, metric: str, name: str, schema: Schema) -> Any:
    import sparktune.training.metrics as own  # loads Keras

    if kind == "AreaUnderCurve":
        curve = "PR" if metric == "pr_auc" else "ROC"
        return own.AreaUnderCurve(schema.task, schema.outputs, curve, name=name)
    if kind == "R2":
        return own.R2(schema.outputs, name=name)
    return getattr(own, kind)(schema.task, 2 if schema.task == "binary" else schema.outputs, name=name)
