"""Trains a compiled Keras model at the arithmetic's speed: an epoch is one graph call, else `model.fit`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import keras
import numpy as np

from sparktune.data.dataset import Rows
from sparktune.training.engine.binding import scalars_of, variables_of
from sparktune.training.engine.compiler import choose
from sparktune.training.engine.epoch import Design, Graphs, Logs, State, graphs
from sparktune.training.engine.structure import structure
from sparktune.training.engine.support import obstacle
from sparktune.training.engine.tensors import counted, shared, tensor
from sparktune.training.engine.updates import Updates


@dataclass(frozen=True)
class Pace:
    """How many epochs, in steps of `batch` rows, with evaluation in steps of `chunk` rows."""

    epochs: int
    batch: int
    chunk: int
    shuffle: bool = True
    seed: int = 0


def train(
    model: keras.Model, rows: Rows, validation: Rows, pace: Pace, callbacks: Sequence[Any] = ()
) -> dict[str, str]:
    """Train a compiled model in place, as `model.fit` would; returns notes on how it was done.

    `rows.y` has the shape of the model's output, or is class indices. Losses, metrics and weights after
    each epoch are those of `fit` but for rounding and the order of rows. Notes: `engine` is `compiled`
    (then `compiler` says graph or xla) or `fit` (then `reason` says why).
    """
    reason = obstacle(model, callbacks)
    if reason is not None:
        _fit(model, rows, validation, pace, callbacks)
        return {"engine": "fit", "reason": reason}
    training = Training(model, rows, validation, pace)
    _run(model, training, pace, callbacks)
    return {"engine": "compiled", "compiler": training.compiler}


def _fit(model: keras.Model, rows: Rows, validation: Rows, pace: Pace, callbacks: Sequence[Any]) -> None:
    keras.utils.set_random_seed(pace.seed)  # the order of rows comes from TensorFlow's generator
    x, y, *weight = map(shared, _columns(rows))
    model.fit(
        x,
        y,
        sample_weight=weight[0] if weight else None,
        batch_size=pace.batch,
        epochs=pace.epochs,
        shuffle=pace.shuffle,
        validation_data=tuple(map(shared, _columns(validation))),
        validation_batch_size=pace.chunk,
        callbacks=list(callbacks),
        verbose=0,
    )


def _run(model: keras.Model, training: "Training", pace: Pace, callbacks: Sequence[Any]) -> None:
    """The outline of `fit`: what callbacks hear, and when."""
    listeners = keras.callbacks.CallbackList(
        list(callbacks),
        add_history=True,
        model=model,
        epochs=pace.epochs,
        steps=training.steps,
        verbose=0,
    )
    model.stop_training = False
    listeners.on_train_begin()
    logs: Logs = {}
    for epoch in range(pace.epochs):
        listeners.on_epoch_begin(epoch)
        logs = training.train()
        listeners.on_test_begin()
        measured = training.evaluate()
        listeners.on_test_end(measured)
        logs |= {f"val_{name}": value for name, value in measured.items()}
        listeners.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    listeners.on_train_end(logs)


def _columns(rows: Rows) -> tuple[np.ndarray, ...]:
    return (rows.x, rows.y) if rows.weight is None else (rows.x, rows.y, rows.weight)


@final
class Training:
    """One model on its way through its epochs."""

    def __init__(self, model: keras.Model, rows: Rows, validation: Rows, pace: Pace) -> None:
        self._optimizer = model.optimizer
        self._optimizer.build(model.trainable_variables)
        self._updates = Updates.of(self._optimizer)
        self.steps = -(-len(rows.x) // pace.batch)
        self.compiler = choose(model, pace.batch, self.steps * pace.epochs)
        self._graphs: Graphs = graphs(
            Design(structure(model), pace.batch, pace.chunk, self.compiler, self._updates, model)
        )
        self._state = State(
            [variable.value for variable in variables_of(model)],
            self._updates.slots(self._optimizer),
            np.array(scalars_of(model), np.float32),
        )
        self._rows = [*map(tensor, _columns(rows))]
        self._validation = [*map(tensor, _columns(validation))]
        self._order = counted(len(rows.x))
        self._random = np.random.default_rng(pace.seed) if pace.shuffle else None

    def train(self) -> Logs:
        """One epoch; loss and metrics are means over its rows while the weights changed."""
        if self._random is not None:
            self._random.shuffle(self._order)
        first = int(self._optimizer.iterations)
        table = self._updates.table(self._optimizer, first, self.steps)
        logs = self._graphs.train(self._state, self._rows, shared(self._order), table)
        self._optimizer.iterations.assign(first + self.steps)
        return logs

    def evaluate(self) -> Logs:
        """Loss and metrics of the validation rows."""
        return self._graphs.evaluate(self._state, self._validation)
