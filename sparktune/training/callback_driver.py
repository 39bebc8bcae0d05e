"""Calls a model's callbacks as `model.fit` would, around epochs that somebody else trains."""

from collections.abc import Sequence
from typing import Any, final

import keras

from sparktune.training.engine.epoch import Logs


@final
class CallbackDriver:
    """Calls the callbacks of one model: for each epoch `begin_epoch`, `begin_evaluation` and `end_epoch`.

    Args:
        model: compiled.
        epochs: at most; a callback that sets `model.stop_training` ends training before.
        steps: of an epoch.
        callbacks: called as `fit` would call them, but not for batches.
        first: the epoch to begin with, from 0.
    """

    def __init__(
        self, model: keras.Model, epochs: int, steps: int, callbacks: Sequence[Any], first: int = 0
    ) -> None:
        self._model, self._epochs, self._first, self._epoch = model, epochs, first, first
        self._logs: Logs = {}
        self._listeners = keras.callbacks.CallbackList(
            list(callbacks), add_history=True, model=model, epochs=epochs, steps=steps, verbose=0
        )
        model.stop_training = False
        self._listeners.on_train_begin()

    @property
    def over(self) -> bool:
        """Whether the last epoch has ended; there is one at least, as with `fit`."""
        return self._epoch == self._epochs or (self._epoch > self._first and self._model.stop_training)

    def begin_epoch(self) -> None:
        """An epoch begins."""
        self._listeners.on_epoch_begin(self._epoch)

    def begin_evaluation(self) -> None:
        """The evaluation begins."""
        self._listeners.on_test_begin()

    def end_epoch(self, trained: Logs, measured: Logs) -> None:
        """The epoch ends with loss and metrics of training and evaluation."""
        self._listeners.on_test_end(measured)
        self._logs = {**trained, **{f"val_{name}": value for name, value in measured.items()}}
        self._listeners.on_epoch_end(self._epoch, self._logs)
        self._epoch += 1

    def close(self) -> None:
        """Training ends."""
        self._listeners.on_train_end(self._logs)
