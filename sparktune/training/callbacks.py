"""From the training section's callbacks to Keras callbacks, new ones for each trial."""

from pathlib import Path
from typing import Any, assert_never

from sparktune.spec.objective import direction_of
from sparktune.spec.training import Callback, CsvLog, CustomCallback, ReduceOnPlateau, TensorBoard
from sparktune.training.epoch_tracker import Plan
from sparktune.training.events import EventLog
from sparktune.training.references import import_reference


def build_callbacks(plan: Plan, first: int = 0) -> list[Any]:
    """The user's callbacks in their order. Files are named by trial.

    Where `first` epochs were trained before, their rows in CSV files and their TensorBoard events stay.

    Raises:
        ModelError: a custom callback does not import.
    """
    return [_build(callback, plan, first) for callback in plan.training.callbacks]


def _build(callback: Callback, plan: Plan, first: int) -> Any:
    import keras

    match callback:
        case ReduceOnPlateau():
            return _reduce_on_plateau(callback, plan)
        case TensorBoard():
            return _tensorboard(callback, plan, first)
        case CsvLog():
            file = Path(callback.directory) / f"trial-{plan.trial}.csv"
            file.parent.mkdir(parents=True, exist_ok=True)
            if first and file.is_file():  # an attempt that was lost may have written more
                file.write_text("".join(file.read_text().splitlines(keepends=True)[: first + 1]))
            return keras.callbacks.CSVLogger(str(file), append=first > 0)
        case CustomCallback():
            return import_reference(callback.callback, "training.callbacks")(**callback.params)
        case _:
            assert_never(callback)


def _tensorboard(callback: TensorBoard, plan: Plan, first: int) -> Any:
    import keras

    log = EventLog(callback.folder(plan.directory) / f"trial-{plan.trial}", first)

    def epoch_ended(epoch: int, logs: dict[str, Any]) -> None:
        log.epoch_ended(epoch, logs)
        if callback.histogram_freq and (epoch + 1) % callback.histogram_freq == 0:
            log.add_histograms(epoch, own.model)

    own = keras.callbacks.LambdaCallback(on_epoch_end=epoch_ended, on_train_end=lambda logs=None: log.close())
    return own


def _reduce_on_plateau(callback: ReduceOnPlateau, plan: Plan) -> Any:
    import keras

    monitor = callback.monitor or plan.objective.metric
    direction = plan.objective.direction if monitor == plan.objective.metric else direction_of(monitor)
    return keras.callbacks.ReduceLROnPlateau(
        monitor=monitor,
        mode="max" if direction == "maximize" else "min",
        factor=callback.factor,
        patience=callback.patience,
        min_lr=callback.min_learning_rate,
    )
