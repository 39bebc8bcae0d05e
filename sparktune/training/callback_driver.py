"""The outline of `model.fit` for one model: what callbacks hear, and when."""

from collections.abc import Sequence
from typing import Any, final

import keras

from sparktune.training.engine.epoch import Logs


@final
class CallbackDriver:
    """One model on its way through its epochs, each of them `begin`, `measure` and `end`.

    Args:
        model: compiled.
        epochs: at most; a callback that sets `model.stop_training` ends the driver before.
        steps: of an epoch.
        callbacks: hear what they would hear from `fit`, but for batches.
    """

    def __init__(self, model: keras.Model, epochs: int, steps: int, callbacks: Sequence[Any]) -> None:
        self._model, self._epochs, self._epoch = model, epochs, 0
        self._logs: Logs = {}
        self._listeners = keras.callbacks.CallbackList(
            list(callbacks), add_history=True, model=model, epochs=epochs, steps=steps, verbose=0
        )
        model.stop_training = False
        self._listeners.on_train_begin()

    @property
    def over(self) -> bool:
        """Whether the last epoch has ended; there is one at least, as with `fit`."""
        return self._epoch == self._epochs or bool(self._epoch and self._model.stop_training)

    def begin(self) -> None:
        """An epoch begins."""
        self._listeners.on_epoch_begin(self._epoch)

    def measure(self) -> None:
        """The evaluation begins."""
        self._listeners.on_test_begin()

    def end(self, trained: Logs, measured: Logs) -> None:
        """The epoch ends with loss and metrics of training and evaluation."""
        self._listeners.on_test_end(measured)
        self._logs = {**trained, **{f"val_{name}": value for name, value in measured.items()}}
        self._listeners.on_epoch_end(self._epoch, self._logs)
        self._epoch += 1

    def close(self) -> None:
        """Training ends."""
        self._listeners.on_train_end(self._logs)
