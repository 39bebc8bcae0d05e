"""The section `training`: epochs, batches, optimizer, loss, metrics and callbacks."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, final

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
)

from sparktune.spec.base import (
    Count,
    Fault,
    Folder,
    Name,
    NonNegative,
    Plain,
    Positive,
    Section,
    Share,
    Whole,
    sequence,
)

Optimizer = Literal["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"]
SHORT = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "rmse": "root_mean_squared_error",
    "mape": "mean_absolute_percentage_error",
}
REFERENCE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def in_full(name: Any) -> Any:
    """The full name of a loss or a metric that people shorten, with or without `val_` and `weighted_`."""
    if not isinstance(name, str):
        return name
    bare = name.removeprefix("val_").removeprefix("weighted_")
    return name.removesuffix(bare) + SHORT.get(bare, bare)


def _reference(given: str) -> str:
    if not REFERENCE.fullmatch(given):
        raise Fault("must be package.module:function", value=given)
    return given


def name_of(metric: str) -> str:
    """What a metric is called in histories: a function of the user's own by its bare name."""
    return metric.rpartition(":")[2]


Reference = Annotated[str, AfterValidator(_reference)]
Loss = Annotated[
    Literal[
        "binary_crossentropy",
        "sparse_categorical_crossentropy",
        "mean_squared_error",
        "mean_absolute_error",
        "root_mean_squared_error",
        "huber",
        "log_cosh",
        "poisson",
    ]
    | Reference,
    BeforeValidator(in_full),
]
Metric = Annotated[
    Literal[
        "accuracy",
        "balanced_accuracy",
        "f1",
        "auc",
        "pr_auc",
        "precision",
        "recall",
        "top_5_accuracy",
        "r2",
        "mean_squared_error",
        "mean_absolute_error",
        "root_mean_squared_error",
        "mean_absolute_percentage_error",
    ]
    | Reference,
    BeforeValidator(in_full),
]
Monitor = Annotated[Name, BeforeValidator(in_full)]


@final
class EarlyStopping(Section):
    """Stop training when the watched metric no longer improves."""

    patience: Whole = Field(3, description="epochs without improvement after which training stops")
    min_delta: NonNegative = Field(0.0, description="smallest change that counts")
    monitor: Monitor | None = Field(None, description="metric to watch; the objective's by default")
    restore_best: bool = Field(True, description="end with the weights of the best epoch")


@final
class ReduceOnPlateau(Section):
    """Lower the learning rate when the watched metric no longer improves."""

    kind: Literal["reduce_on_plateau"] = "reduce_on_plateau"
    factor: Annotated[float, Field(gt=0, lt=1)] = Field(0.1, description="multiplies the learning rate")
    patience: Whole = Field(2, description="epochs without improvement before that")
    min_learning_rate: NonNegative = Field(0.0, description="the learning rate is never lower")
    monitor: Monitor | None = Field(None, description="metric to watch; the objective's by default")


@final
class TensorBoard(Section):
    """Write TensorBoard event files, one folder per trial, where the trial runs.

    At the study's end its parameters and values come to them, for the page HParams.
    """

    kind: Literal["tensorboard"] = Field("tensorboard", description="which one this is")
    directory: Folder | None = Field(
        None,
        description="folder that all hosts share; `tensorboard` in the study's own folder when not given",
    )
    histogram_freq: Whole = Field(0, description="epochs between histograms of the weights; 0: none")

    def folder(self, study_directory: Path) -> Path:
        """Where the folders of trials lie."""
        return Path(self.directory) if self.directory else study_directory / "tensorboard"

    @model_serializer(mode="wrap")
    def _without_absent(self, serialized: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Studies from before there were histograms keep their identity."""
        fields: dict[str, Any] = serialized(self)
        if not self.histogram_freq:
            fields.pop("histogram_freq", None)
        return fields


@final
class CsvLog(Section):
    """Write the history of each trial to a CSV file, where the trial runs."""

    kind: Literal["csv"] = "csv"
    directory: Folder = Field(description="folder of the files, one for each trial")


@final
class CustomCallback(Section):
    """A user's own `keras.callbacks.Callback`, built anew for each trial."""

    kind: Literal["custom"] = "custom"
    callback: Name = Field(description="package.module:Class, importable on driver and executors")
    params: dict[str, Plain] = Field(default_factory=dict, description="keyword arguments of the class")


Callback = Annotated[ReduceOnPlateau | TensorBoard | CsvLog | CustomCallback, Field(discriminator="kind")]


@final
class Cosine(Section):
    """Cosine decay from the learning rate to `alpha` times it over all steps of the trial."""

    kind: Literal["cosine"] = "cosine"
    alpha: Share = Field(0.0, description="last learning rate as a share of the first")


@final
class Exponential(Section):
    """The learning rate times `rate` every `epochs` epochs, smoothly."""

    kind: Literal["exponential"] = "exponential"
    rate: Annotated[float, Field(gt=0, le=1)] = Field(0.9, description="multiplies the learning rate")
    epochs: Count = Field(1, description="in so many epochs")


Schedule = Annotated[Cosine | Exponential, Field(discriminator="kind")]


@final
class TrainingSpec(Section):
    """How a model is trained. Every field but metrics and callbacks can be searched by its own name."""

    epochs: Count = Field(10, description="passes over the training split")
    batch_size: Count | Literal["all"] = Field(32, description="rows per step; all: one step an epoch")
    optimizer: Optimizer = Field("adam", description="update rule")
    learning_rate: Positive | None = Field(None, description="step size; the Keras default when not given")
    momentum: Share = Field(0.9, description="momentum of the optimizers momentum and nesterov")
    weight_decay: NonNegative | None = Field(None, description="decoupled weight decay")
    clip_norm: Positive | None = Field(None, description="bound on each gradient's norm")
    clip_value: Positive | None = Field(None, description="bound on each gradient's entries")
    schedule: Schedule | None = Field(None, description="learning-rate schedule; constant when not given")
    loss: Loss | None = Field(
        None,
        description="follows from the label when not given; one of your own: package.module:function",
    )
    metrics: tuple[Metric, ...] | None = sequence(
        None, description="follow from the label when not given; one of your own: package.module:function"
    )
    weighted_metrics: tuple[Metric, ...] | None = sequence(
        None,
        description="measured by row weights too, as weighted_accuracy and so on; all of `metrics` where the "
        "data have weights when not given, none with an empty list",
    )
    class_weight: Literal["balanced"] | dict[str, Positive] | None = Field(
        None, description="weight of each class, by label or by the name in data.class_names"
    )
    shuffle: bool = Field(True, description="new order of the rows in every epoch")
    early_stopping: EarlyStopping | None = Field(None, description="when to stop before the last epoch")
    callbacks: tuple[Callback, ...] = sequence((), description="what else happens while a trial trains")

    @classmethod
    def searchable(cls) -> list[str]:
        """Names of the fields that the space may use."""
        return [name for name in cls.model_fields if name not in ("metrics", "weighted_metrics", "callbacks")]

    def batch_rows(self, rows: int) -> int:
        """Rows of a full batch of `rows` training rows; the batch may ask for more rows than there are."""
        return rows if self.batch_size == "all" else self.batch_size

    @field_validator("class_weight", mode="before")
    @classmethod
    def _labels_as_text(cls, given: Any) -> Any:
        return {str(label): weight for label, weight in given.items()} if isinstance(given, dict) else given
