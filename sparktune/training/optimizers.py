"""From the training section to a Keras optimizer."""

import inspect
from typing import TYPE_CHECKING, Any

from sparktune.spec import TrainingSpec
from sparktune.spec.training import Cosine

if TYPE_CHECKING:
    import keras

CLASSES = {
    "sgd": "SGD",
    "momentum": "SGD",
    "nesterov": "SGD",
    "adagrad": "Adagrad",
    "rmsprop": "RMSprop",
    "adam": "Adam",
    "adamw": "AdamW",
}


def build_optimizer(training: TrainingSpec, steps_per_epoch: int) -> "keras.optimizers.Optimizer":
    """A new optimizer. What the spec leaves out is Keras' default; schedules count steps."""
    import keras

    kind = getattr(keras.optimizers, CLASSES[training.optimizer])
    options: dict[str, Any] = {
        "weight_decay": training.weight_decay,
        "clipnorm": training.clip_norm,
        "clipvalue": training.clip_value,
    }
    given = {name: value for name, value in options.items() if value is not None}
    if training.optimizer in ("momentum", "nesterov"):
        given |= {"momentum": training.momentum, "nesterov": training.optimizer == "nesterov"}
    return kind(learning_rate=_learning_rate(kind, training, steps_per_epoch), **given)


def _learning_rate(kind: Any, training: TrainingSpec, steps_per_epoch: int) -> Any:
    import keras

    rate = training.learning_rate or inspect.signature(kind).parameters["learning_rate"].default
    schedule = training.schedule
    if schedule is None:
        return rate
    if isinstance(schedule, Cosine):
        return keras.optimizers.schedules.CosineDecay(
            rate, training.epochs * steps_per_epoch, alpha=schedule.alpha
        )
    return keras.optimizers.schedules.ExponentialDecay(rate, schedule.epochs * steps_per_epoch, schedule.rate)
