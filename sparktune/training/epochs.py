"""Trains a compiled Keras model at the arithmetic's speed: an epoch is one graph call, else `model.fit`."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

import keras
import numpy as np
import tensorflow as tf

from sparktune.data.dataset import Rows
from sparktune.training.callback_driver import CallbackDriver
from sparktune.training.engine.binding import scalars_of
from sparktune.training.engine.compiler import Compiler, choose, full_batches_apart, rewrite_graphs
from sparktune.training.engine.epoch import GraphDesign, Graphs, Logs, TrialVariables, forget_graphs, graphs
from sparktune.training.engine.structure import structure
from sparktune.training.engine.support import obstacle
from sparktune.training.engine.tensors import cpu_view, device, on_device, row_numbers
from sparktune.training.engine.updates import Updates
from sparktune.trial import TrialNotes


@final
@dataclass(frozen=True)
class FitConfig:
    """How many epochs, in steps of `batch` rows, with evaluation in steps of `chunk` rows.

    `first` epochs were trained before: the compiler is chosen for all, and the order of rows goes on.
    """

    epochs: int
    batch: int
    chunk: int
    shuffle: bool = True
    seed: int = 0
    first: int = 0

    def steps(self, rows: Rows) -> int:
        """Training steps of an epoch over these rows."""
        return -(-len(rows.x) // self.batch)

    def orders(self, rows: int) -> Iterator[np.ndarray]:
        """The order of so many rows in each epoch from the first on: int32 (rows,), one array used anew."""
        order, random = row_numbers(rows), np.random.default_rng(self.seed)
        for epoch in itertools.count():
            if self.shuffle:
                random.shuffle(order)
            if epoch >= self.first:
                yield order


def train(
    model: keras.Model, rows: Rows, validation: Rows, config: FitConfig, callbacks: Sequence[Any] = ()
) -> TrialNotes:
    """Train a compiled model in place, as `model.fit` would; returns notes on how it was done.

    `rows.y` has the shape of the model's output, or is class indices. Losses, metrics and weights after
    each epoch are those of `fit` but for rounding and the order of rows. Notes: `engine` is `compiled`
    (then `compiler` says graph or xla) or `fit` (then `reason` says why).
    """
    reason = obstacle(model, callbacks) or _no_room(rows, validation)
    rewrite_graphs(reason is not None or device() != "CPU:0")
    if reason is not None:
        _fit(model, rows, validation, config, callbacks)
        return TrialNotes(engine="fit", reason=reason)
    try:
        compiler = _train_compiled(model, rows, validation, config, callbacks)
    except BaseException:
        forget_graphs()  # tracing may have left half a graph
        raise
    return TrialNotes(engine="compiled", compiler=compiler)


def _no_room(*parts: Rows) -> str | None:
    """Why the rows cannot lie on the training device; they stay there for all trials where they can."""
    try:
        for rows in filter(len, parts):
            for column in columns(rows):
                on_device(column)
    except tf.errors.ResourceExhaustedError:
        return "the data do not fit into the GPU's memory"
    return None


def _fit(
    model: keras.Model, rows: Rows, validation: Rows, config: FitConfig, callbacks: Sequence[Any]
) -> None:
    model.fit(
        _batches(rows, config),
        epochs=config.epochs,
        initial_epoch=config.first,
        steps_per_epoch=config.steps(rows),
        shuffle=False,
        validation_data=tuple(map(cpu_view, columns(validation))) if len(validation) else None,
        validation_batch_size=config.chunk,
        callbacks=list(callbacks),
        verbose=0,
    )


def _batches(rows: Rows, config: FitConfig) -> tf.data.Dataset:
    """The batches of all epochs that are left, without an end, in the order that compiled epochs have too."""

    def steps(order: Any, parts: Any) -> tf.data.Dataset:
        starts = tf.data.Dataset.range(0, len(rows.x), config.batch)
        return starts.map(lambda at: tuple(tf.gather(part, order[at : at + config.batch]) for part in parts))

    orders = tf.data.Dataset.from_generator(
        lambda: (order.copy() for order in config.orders(len(rows.x))),
        output_signature=tf.TensorSpec((len(rows.x),), tf.int32),
    )
    parts = tf.data.Dataset.from_tensors(tuple(map(cpu_view, columns(rows)))).repeat()
    return tf.data.Dataset.zip((orders, parts)).flat_map(steps).prefetch(tf.data.AUTOTUNE)


def _train_compiled(
    model: keras.Model, rows: Rows, validation: Rows, config: FitConfig, callbacks: Sequence[Any]
) -> Compiler:
    driver = CallbackDriver(model, config.epochs, config.steps(rows), callbacks, config.first)
    training: Training | None = None
    while training is None or not driver.over:
        driver.begin_epoch()
        if training is None:  # callbacks may change the model when training or an epoch begins
            training = Training(model, rows, validation, config)
        logs = training.train()
        driver.begin_evaluation()
        driver.end_epoch(logs, training.evaluate())
    driver.close()
    return training.compiler


def columns(rows: Rows) -> tuple[np.ndarray, ...]:
    """x, y, and weights where there are any."""
    return (rows.x, rows.y) if rows.weight is None else (rows.x, rows.y, rows.weight)


def graph_design(model: keras.Model, config: FitConfig, steps: int) -> GraphDesign:
    """What decides the graphs of a compiled model that trains in so many steps an epoch."""
    model.optimizer.build(model.trainable_variables)
    total = steps * config.epochs
    return GraphDesign(
        structure(model),
        config.batch,
        config.chunk,
        choose(model, config.batch, total),
        full_batches_apart(total),
        Updates.of(model.optimizer),
        model,
    )


@final
class Training:
    """The state of one model's training between its epochs."""

    def __init__(self, model: keras.Model, rows: Rows, validation: Rows, config: FitConfig) -> None:
        self._optimizer = model.optimizer
        self.steps = config.steps(rows)
        design = graph_design(model, config, self.steps)
        self.compiler, self._updates = design.compiler, design.updates
        self._graphs: Graphs = graphs(design)
        self._state = TrialVariables(
            [variable.value for variable in model.variables],
            self._updates.slots(self._optimizer, len(model.trainable_variables)),
            np.array(scalars_of(model), np.float32),
        )
        self._rows = [*map(on_device, columns(rows))]
        self._validation = [*map(on_device, columns(validation))] if len(validation) else []
        self._orders = config.orders(len(rows.x))

    def train(self) -> Logs:
        """One epoch; loss and metrics are means over its rows while the weights changed."""
        first = int(self._optimizer.iterations)
        table = self._updates.table(self._optimizer, first, self.steps)
        logs = self._graphs.train(self._state, self._rows, cpu_view(next(self._orders)), table)
        self._optimizer.iterations.assign(first + self.steps)
        return logs

    def evaluate(self) -> Logs:
        """Loss and metrics of the validation rows; none where there are no rows."""
        return self._graphs.evaluate(self._state, self._validation) if self._validation else {}
