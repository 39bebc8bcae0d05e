"""The functions that train: compiled models in, history and best weights out."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from sparktune.data.dataset import Dataset, Rows
from sparktune.training.callbacks import build_callbacks
from sparktune.training.feeding import evaluation_batch, targets, training_weights
from sparktune.training.progress import EpochTracker, Fitted, Plan, Weights
from sparktune.trial import OnReport

if TYPE_CHECKING:
    import keras

    from sparktune.training.epochs import FitConfig


def fit(model: "keras.Model", plan: Plan, data: Dataset, report: OnReport) -> Fitted:
    """Train a compiled model on the training split and measure it on the validation split after each epoch.

    Metrics are plain means over rows; weights of rows and classes count in the loss alone (class weights only
    while training). `report` hears of every epoch and may stop the training, as a diverged loss, early
    stopping and the user's callbacks may. The model ends with the weights of the last epoch; those of the
    best are in the result.
    """
    from sparktune.training.epochs import train

    started = time.perf_counter()
    progress = EpochTracker(plan, data.schema, report)
    feed = _feed(model, plan, data)
    prepared = time.perf_counter()
    notes = train(model, *feed, _listeners(model, plan, progress, model.get_weights))
    fitted = progress.fitted({"data": prepared - started, "train": time.perf_counter() - prepared})
    return replace(fitted, notes={**notes, **fitted.notes})


def fit_together(
    models: "Sequence[keras.Model]", plans: Sequence[Plan], data: Dataset, report: OnReport
) -> list[Fitted] | None:
    """`fit` of several models at once, as one vectorised computation; None where they cannot be one.

    The numbers are those of `fit` but for rounding; times are shares of the whole. The models themselves are
    not changed.
    """
    from sparktune.training.callback_driver import CallbackDriver
    from sparktune.training.fused import FusedTraining, common_design

    started = time.perf_counter()
    feeds = [_feed(model, plan, data) for model, plan in zip(models, plans, strict=True)]
    rows, validation, _ = feeds[0]
    configs = [feed.config for feed in feeds]
    design = common_design(models, configs, rows)
    if design is None:
        return None
    training = FusedTraining(design, models, rows, validation, configs)
    progresses = [EpochTracker(plan, data.schema, report) for plan in plans]
    drivers = [
        CallbackDriver(
            model, plan.training.epochs, training.steps, _listeners(model, plan, progress, weights)
        )
        for model, plan, progress, weights in zip(
            models, plans, progresses, training.weights_of_each(), strict=True
        )
    ]
    training.run(drivers)
    notes = {"engine": "compiled", "compiler": design.compiler, "fused": str(len(plans))}
    timings = {"train": (time.perf_counter() - started) / len(plans)}
    return [
        replace(fitted, notes={**notes, **fitted.notes})
        for fitted in (progress.fitted(timings) for progress in progresses)
    ]


class _Feed(NamedTuple):
    rows: Rows
    validation: Rows
    config: "FitConfig"


def _feed(model: "keras.Model", plan: Plan, data: Dataset) -> _Feed:
    from sparktune.training.epochs import FitConfig

    schema, training = data.schema, plan.training
    rows = Rows(data.train.x, targets(data.train, schema), training_weights(data.train, training, schema))
    validation = Rows(data.validation.x, targets(data.validation, schema), data.validation.weight)
    config = FitConfig(
        training.epochs, training.batch_size, evaluation_batch(model), training.shuffle, plan.seed
    )
    return _Feed(rows, validation, config)


def _listeners(
    model: "keras.Model", plan: Plan, progress: EpochTracker, weights: Callable[[], Weights]
) -> list[Any]:
    """The user's callbacks, and the one that keeps the progress."""
    import keras

    def epoch_ended(epoch: int, logs: dict[str, float]) -> None:
        if progress.epoch_ended(logs, weights):
            model.stop_training = True

    return [*build_callbacks(plan), keras.callbacks.LambdaCallback(on_epoch_end=epoch_ended)]
