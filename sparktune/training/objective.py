"""What is minimised, what is measured and what decides; all of it follows from the label unless given.

Metric names are those of the spec in histories, reports and objectives; `val_` in front means the validation
split. Loads without tensorflow.
"""

from sparktune.columns.schema import Schema, Task
from sparktune.errors import SpecError
from sparktune.spec import StudySpec, TrainingSpec, unknown_name
from sparktune.spec.objective import COSTS, direction_of
from sparktune.spec.training import Metric, name_of
from sparktune.summary import Objective

NUMERIC_LOSSES = (
    "mean_squared_error",
    "mean_absolute_error",
    "root_mean_squared_error",
    "huber",
    "log_cosh",
)
WEIGHTED = "weighted_"  # in front of a metric that counts rows by their weights
NUMERIC_METRICS: tuple[Metric, ...] = ("mean_squared_error", "mean_absolute_error", "root_mean_squared_error")

# The first loss of each task is its default.
LOSSES: dict[Task, tuple[str, ...]] = {
    "binary": ("binary_crossentropy", *NUMERIC_LOSSES),
    "classes": ("sparse_categorical_crossentropy",),
    "labels": ("binary_crossentropy",),
    "regression": (*NUMERIC_LOSSES, "poisson"),
}
RANKING: tuple[Metric, ...] = ("auc", "pr_auc")  # of many classes they cost more than all the others
METRICS: dict[Task, tuple[Metric, ...]] = {
    "binary": ("accuracy", "balanced_accuracy", "f1", *RANKING, "precision", "recall", *NUMERIC_METRICS),
    "classes": ("accuracy", "balanced_accuracy", "f1", *RANKING, "precision", "recall", "top_5_accuracy"),
    "labels": ("accuracy", "f1", *RANKING, "precision", "recall"),
    "regression": (*NUMERIC_METRICS, "mean_absolute_percentage_error", "r2"),
}
# Those that more rows of a class do not make count it more.
ALIKE_BY_CLASS: dict[Task, tuple[Metric, ...]] = {
    "binary": ("balanced_accuracy", "auc", "recall"),
    "classes": ("balanced_accuracy", "f1", *RANKING, "precision", "recall"),
}
DEFAULT_METRICS: dict[Task, tuple[str, ...]] = {
    "binary": ("accuracy",),
    "classes": ("accuracy",),
    "labels": ("accuracy", "precision", "recall"),
    "regression": NUMERIC_METRICS,
}


def loss_of(training: TrainingSpec, schema: Schema) -> str:
    """The loss that is minimised.

    Raises:
        SpecError: the loss does not fit the label.
    """
    known = LOSSES[schema.task]
    if training.loss is not None and training.loss not in known and not is_own(training.loss):
        raise SpecError(
            f"training.loss must fit a {schema.task} label (one of {', '.join(known)}), but got "
            f"{training.loss!r}; leave it out, or set data.task if the label is something else"
        )
    if schema.label_scaling is not None and training.loss is not None and training.loss not in NUMERIC_LOSSES:
        raise SpecError(
            f"training.loss must be one of {', '.join(NUMERIC_LOSSES)} beside data.scale_label, but got "
            f"{training.loss!r}; remove one of them"
        )
    return training.loss or known[0]


def metrics_of(training: TrainingSpec, schema: Schema) -> tuple[str, ...]:
    """The metrics measured beside the loss, on both splits; `name_of` each is its name in histories.

    Raises:
        SpecError: a metric does not fit the label.
    """
    if training.metrics is None:
        return DEFAULT_METRICS[schema.task]
    return _fitting(training.metrics, "training.metrics", schema)


def metrics_for(schema: Schema) -> tuple[Metric, ...]:
    """All metrics that fit the label, without those that take long."""
    slow = RANKING if schema.task == "classes" else ()
    return tuple(n for n in METRICS[schema.task] if _has_enough_classes(n, schema) and n not in slow)


def weighted_metrics_of(training: TrainingSpec, schema: Schema) -> tuple[str, ...]:
    """The metrics measured by row weights too, without the `weighted_` that is in front of them in histories.

    A spec that does not list any has none: a study lists them once its data are known.

    Raises:
        SpecError: a metric does not fit the label.
    """
    return _fitting(training.weighted_metrics or (), "training.weighted_metrics", schema)


def _fitting(metrics: tuple[str, ...], field: str, schema: Schema) -> tuple[str, ...]:
    """The metrics, each once."""
    known = METRICS[schema.task]
    names = [name_of(metric) for metric in dict.fromkeys(metrics)]
    for metric in metrics:
        if names.count(name_of(metric)) > 1 or (is_own(metric) and name_of(metric) in (*known, "loss")):
            raise SpecError(f"{field} must have different names, but two are {name_of(metric)!r}; rename one")
        if metric not in known and not is_own(metric):
            raise SpecError(
                f"{field} must fit a {schema.task} label (any of {', '.join(known)}), but got "
                f"{metric!r}; remove it, or set data.task if the label is something else"
            )
        if not _has_enough_classes(metric, schema):
            raise SpecError(
                f"{field}: top_5_accuracy needs more than 5 classes, but the label has "
                f"{schema.outputs}; remove it"
            )
    return tuple(dict.fromkeys(metrics))


def is_own(goal: str) -> bool:
    """Whether a loss or a metric is a function of the user's own."""
    return ":" in goal


def _has_enough_classes(metric: str, schema: Schema) -> bool:
    return metric != "top_5_accuracy" or schema.outputs > 5


def produced(training: TrainingSpec, schema: Schema, validated: bool = True) -> tuple[str, ...]:
    """Names of a history: loss and metrics of the training split, then of the validation split, if any."""
    plain = map(name_of, metrics_of(training, schema))
    weighted = (WEIGHTED + name_of(metric) for metric in weighted_metrics_of(training, schema))
    names = ("loss", *plain, *weighted)
    return names if not validated else (*names, *(f"val_{name}" for name in names))


def resolve_objective(spec: StudySpec, schema: Schema) -> Objective:
    """The objective of a study: val_accuracy for classes, val_loss for labels and regression when not given.

    Without validation rows it is the metric of the same name that training measures. Of several objectives
    it is the one that `objective.choose` names.

    Raises:
        SpecError: training does not produce a metric, or trials would be compared by different losses.
    """
    validated = spec.data.validation != "none"
    known, split = produced(spec.training, schema, validated), "val_" if validated else ""
    default = f"{split}accuracy" if schema.task in ("binary", "classes") else f"{split}loss"
    if (chosen := spec.objective.chosen) is not None:
        for index, entry in enumerate(spec.objective.metrics):
            _check_objective(
                entry.metric, f"objective.metrics[{index}].metric", spec, (*known, *COSTS), schema
            )
        several = tuple(Objective(entry.metric, entry.direction) for entry in spec.objective.metrics)
        return Objective(chosen.metric, chosen.direction, several)
    metric = spec.objective.metric or (default if default in known else f"{split}loss")
    _check_objective(metric, "objective.metric", spec, known, schema)
    return Objective(metric, spec.objective.direction or direction_of(metric))


def _check_objective(
    metric: str, field: str, spec: StudySpec, known: tuple[str, ...], schema: Schema
) -> None:
    """Refuse a metric that trials do not have, or that means another thing in each.

    Raises:
        SpecError: names the field, and the metrics that would do.
    """
    _require(metric, known, field, schema)
    if metric in ("loss", "val_loss") and "loss" in spec.search.space:
        raise SpecError(
            f"{field} must mean the same in every trial, but got {metric!r} while "
            "search.space.loss varies "
            f"the loss; use one of {', '.join(n for n in known if n not in ('loss', 'val_loss'))}"
        )


def check_monitors(training: TrainingSpec, schema: Schema, validated: bool = True) -> None:
    """Refuse a watched metric that training does not produce.

    Raises:
        SpecError: names the metrics that it does produce, and the nearest one.
    """
    known = produced(training, schema, validated)
    monitors = {
        f"training.callbacks[{index}].monitor": callback.monitor
        for index, callback in enumerate(training.callbacks)
        if callback.kind == "reduce_on_plateau"
    }
    if training.early_stopping:
        monitors["training.early_stopping.monitor"] = training.early_stopping.monitor
    for field, monitor in monitors.items():
        if monitor:
            _require(monitor, known, field, schema)


def _require(metric: str, known: tuple[str, ...], field: str, schema: Schema) -> None:
    if metric in known:
        return
    measured = metric.removeprefix("val_")
    plain = measured.removeprefix(WEIGHTED)
    home = "training.metrics" if plain == measured else "training.weighted_metrics"
    hint = f"; add {plain} to {home}" if plain in METRICS[schema.task] else ""
    if metric.startswith("val_") and measured in known:
        hint = "; there are no validation rows, as data.validation is none"
    raise SpecError(
        f"{field} must be a metric that training produces ({', '.join(known)}), but got {metric!r}: "
        f"{unknown_name(metric, list(known))}{hint}"
    )
