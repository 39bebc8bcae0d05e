"""The one function that trains: a compiled model in, history and best weights out."""

import time
from typing import TYPE_CHECKING

from sparktune.data.dataset import Dataset
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

    schema, training = data.schema, plan.training
    started = time.perf_counter()
    progress = Progress(plan, schema, report)
    validation = (data.validation.x, targets(data.validation, schema), data.validation.weight)
    labels, weights = targets(data.train, schema), training_weights(data.train, training, schema)
    prepared = time.perf_counter()

    def epoch_ended(epoch: int, logs: dict[str, float]) -> None:
        if progress.epoch_ended(logs, model.get_weights):
            model.stop_training = True

    model.fit(
        data.train.x,
        labels,
        sample_weight=weights,
        batch_size=training.batch_size,
        epochs=training.epochs,
        shuffle=training.shuffle,
        validation_data=validation if data.validation.weight is not None else validation[:2],
        validation_batch_size=evaluation_batch(schema),
        callbacks=[*build_callbacks(plan), keras.callbacks.LambdaCallback(on_epoch_end=epoch_ended)],
        verbose=0,
    )
    return progress.fitted({"data": prepared - started, "train": time.perf_counter() - prepared})
