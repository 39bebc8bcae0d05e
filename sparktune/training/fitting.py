"""The function that trains: a compiled model in, history and best weights out."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from sparktune.data.dataset import Dataset, Rows
from sparktune.training.callbacks import build_callbacks
from sparktune.training.checkpoint import Checkpoint
from sparktune.training.epoch_tracker import EpochTracker, Fitted, Plan, Weights
from sparktune.training.feeding import evaluation_batch, targets, training_weights

if TYPE_CHECKING:
    import keras

    from sparktune.training.epochs import FitConfig
    from sparktune.training.segments import SegmentBounds


class Feed(NamedTuple):
    """What training takes in: training rows, validation rows, and how many of them a step has."""

    rows: Rows
    validation: Rows
    config: "FitConfig"


def fit(
    model: "keras.Model",
    plan: Plan,
    data: Dataset,
    bounds: "SegmentBounds | None" = None,
    checkpoint: Checkpoint | None = None,
) -> Fitted:
    """Train a compiled model on the training split and measure it on the validation split after each epoch.

    Metrics are plain means over rows; weights of rows and classes count in the loss alone (class weights only
    while training). A diverged loss, early stopping and the user's callbacks may end the training early. The
    model ends with the weights of the last epoch; those of the best are in the result.

    Args:
        bounds: where training ends before the trial does; nowhere by default.
        checkpoint: what training goes on from.

    Raises:
        CheckpointError: the checkpoint is that of another trial or model.
    """
    from sparktune.training.epochs import train
    from sparktune.training.segments import SegmentBounds, SegmentTraining

    started = time.perf_counter()
    tracker = EpochTracker(plan, data.schema)
    first = checkpoint.epochs if checkpoint else 0
    own = build_callbacks(plan, first)
    segment = SegmentTraining(model, plan, tracker, own, bounds or SegmentBounds(), checkpoint, data.schema)
    feed = feed_of(model, plan, data, first)
    prepared = time.perf_counter()
    notes = train(model, *feed, segment.callbacks)
    timings = {"data": prepared - started, "train": time.perf_counter() - prepared}
    return segment.fitted(timings, notes)


def feed_of(model: "keras.Model", plan: Plan, data: Dataset, first: int = 0) -> Feed:
    """The rows of a trial, with its weights, and its batch sizes; `first` epochs were trained before."""
    from sparktune.training.epochs import FitConfig

    schema, training = data.schema, plan.training
    rows = Rows(data.train.x, targets(data.train, schema), training_weights(data.train, training, schema))
    validation = Rows(data.validation.x, targets(data.validation, schema), data.validation.weight)
    batch = training.batch_rows(len(data.train))
    config = FitConfig(training.epochs, batch, evaluation_batch(model), training.shuffle, plan.seed, first)
    return Feed(rows, validation, config)


def callbacks_of(
    model: "keras.Model", plan: Plan, tracker: EpochTracker, weights: Callable[[], Weights]
) -> list[Any]:
    """The user's callbacks, and the one that tells the tracker; `weights` gives the model's present ones."""
    import keras

    def epoch_ended(epoch: int, logs: dict[str, float]) -> None:
        if tracker.epoch_ended(logs, weights):
            model.stop_training = True

    return [*build_callbacks(plan), keras.callbacks.LambdaCallback(on_epoch_end=epoch_ended)]
