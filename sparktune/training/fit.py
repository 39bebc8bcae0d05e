"""The one function that trains: a compiled model in, history and best weights out."""

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from sparktune.data.dataset import Dataset, Rows
from sparktune.training.callbacks import build_callbacks
from sparktune.training.feeding import evaluation_batch, targets, training_weights
from sparktune.training.progress import Fitted, Plan, Progress
from sparktune.trial import OnReport

if TYPE_CHECKING:
    import keras


def fit(model: "keras.Model", plan: Plan, data: Dataset, report: OnReport) -> Fitted:
    """Train a compiled model on the training split and measure it on the validation split after each epoch.

    Metrics are plain means over rows; weights of rows and classes count in the loss alone (class weights only
    while training). `report` hears of every epoch and may stop the training, as a diverged loss, early
    stopping and the user's callbacks may. The model ends with the weights of the last epoch; those of the
    best are in the result.
    """
    import keras

    from sparktune.training.epochs import Pace, train

    schema, training = data.schema, plan.training
    started = time.perf_counter()
    progress = Progress(plan, schema, report)
    rows = Rows(data.train.x, targets(data.train, schema), training_weights(data.train, training, schema))
    validation = Rows(data.validation.x, targets(data.validation, schema), data.validation.weight)
    pace = Pace(training.epochs, training.batch_size, evaluation_batch(schema), training.shuffle, plan.seed)
    prepared = time.perf_counter()

    def epoch_ended(epoch: int, logs: dict[str, float]) -> None:
        if progress.epoch_ended(logs, model.get_weights):
            model.stop_training = True

    callbacks = [*build_callbacks(plan), keras.callbacks.LambdaCallback(on_epoch_end=epoch_ended)]
    notes = train(model, rows, validation, pace, callbacks)
    fitted = progress.fitted({"data": prepared - started, "train": time.perf_counter() - prepared})
    return replace(fitted, notes={**notes, **fitted.notes})
