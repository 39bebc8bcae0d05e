"""The graphs of one kind of model: a training epoch, an evaluation, and the scores of both."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, final

import keras
import numpy as np
import tensorflow as tf

from sparktune.training.engine.binding import bound
from sparktune.training.engine.compiler import Compiler
from sparktune.training.engine.updates import Updates

KEPT = 16  # structures whose graphs a process keeps
Logs = dict[str, float]


@dataclass(frozen=True)
class Examples:
    """Rows on the device: x (rows, ...), y (rows, ...), weight (rows,) or None."""

    x: Any
    y: Any
    weight: Any = None

    def take(self, index: Any) -> "Examples":
        """The rows at these indices, or of this slice."""
        pick = (
            (lambda column: column[index])
            if isinstance(index, slice)
            else (lambda column: tf.gather(column, index))
        )
        return Examples(*map(pick, self.columns))

    @property
    def columns(self) -> tuple[Any, ...]:
        """x and y, then the weights where there are any."""
        return (self.x, self.y) if self.weight is None else (self.x, self.y, self.weight)


@dataclass(frozen=True)
class State:
    """What a trial owns: tf.Variables of model and optimizer, and scalars of its layers, float32 (n,)."""

    variables: Sequence[Any]
    slots: Sequence[Any]
    scalars: Any


@dataclass(frozen=True)
class Design:
    """What decides the graphs. `batch` and `chunk` are rows per step of training and of evaluation.

    `model` is one compiled model of this `structure`, looked at only while graphs are drawn.
    """

    structure: str | None
    batch: int
    chunk: int
    compiler: Compiler
    updates: Updates
    model: Any = field(compare=False, repr=False)


def graphs(design: Design) -> "Graphs":
    """The graphs of a design: those that are kept from an equal one, else new ones."""
    return Graphs(design) if design.structure is None else _kept(design)


@lru_cache(KEPT)
def _kept(design: Design) -> "Graphs":
    return Graphs(design)


@final
class Graphs:
    """Compiled functions for every trial of one design. What differs between its trials is handed in."""

    def __init__(self, design: Design) -> None:
        self._design, self._model = design, design.model
        self._jit = design.compiler == "xla"
        # Of a partial TensorFlow counts traces one by one; of a method for all designs together, whose first
        # traces it would take for a fault and warn of.
        train, predict, scores = partial(self._train_steps), partial(self._predict), partial(self._scores)
        self._epoch = tf.function(train, autograph=False)
        self._compiled_epoch = tf.function(train, autograph=False, jit_compile=True)
        self._forward = tf.function(predict, autograph=False)
        self._score = tf.function(scores, autograph=False, reduce_retracing=True)

    def train(self, state: State, rows: Examples, order: np.ndarray, table: np.ndarray) -> Logs:
        """One epoch over the rows in this order, int32 (rows,); `table` has a row of numbers for each step.

        XLA knows fixed shapes only, so a last batch that is not full goes without it.
        """
        full = len(order) // self._design.batch if self._jit else 0
        cut = full * self._design.batch
        mine = (state.variables, state.slots, state.scalars, rows.columns)
        parts = [self._compiled_epoch(*mine, order[:cut], table[:full])] if full else []
        if cut < len(order):
            parts.append(self._epoch(*mine, order[cut:], table[full:]))
        loss = sum(float(total) for total, _ in parts) / len(order)
        outputs = parts[0][1] if len(parts) == 1 else tf.concat([output for _, output in parts], 0)
        return self._logs(loss, rows, order, outputs)

    def evaluate(self, state: State, rows: Examples) -> Logs:
        """Loss and metrics over the rows, as they stand."""
        total, outputs = self._forward(state.variables, state.scalars, rows.columns)
        return self._logs(float(total) / rows.x.shape[0], rows, None, outputs)

    def _logs(self, loss: float, rows: Examples, order: np.ndarray | None, outputs: Any) -> Logs:
        if not self._model.metrics_variables[2:]:
            self._build_metrics(rows)
        scores = self._score(rows.columns[1:], order, outputs)
        return {name: float(value) for name, value in scores.items()} | {"loss": loss}

    def _build_metrics(self, rows: Examples) -> None:
        self._model.compute_metrics(None, rows.y[:1], tf.zeros((1, *self._model.output_shape[1:])))
        self._model.reset_metrics()

    def _train_steps(
        self, variables: Any, slots: Any, scalars: Any, columns: Any, order: Any, table: Any
    ) -> Any:
        rows, batch, steps = Examples(*columns), self._design.batch, table.shape[0]
        even = order.shape[0] == steps * batch
        order = tf.reshape(order, (steps, batch)) if even else order

        def step(number: Any, total: Any, outputs: Any) -> Any:
            index = order[number] if even else order[number * batch : (number + 1) * batch]
            loss, output = self._step(rows.take(index), slots, table[number])
            size = tf.cast(batch if even else tf.shape(index)[0], tf.float32)
            return number + 1, total + loss * size, outputs.write(number, output)

        start = (tf.constant(0), tf.constant(0.0), self._outputs(steps, batch if even else None))
        with bound(self._model, variables, tf.unstack(scalars)):
            _, total, outputs = _repeat(steps, step, start)
        return total, outputs.concat()

    def _step(self, rows: Examples, slots: Any, numbers: Any) -> tuple[Any, Any]:
        weights = [variable.value for variable in self._model.trainable_variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weights)
            output, loss = self._output(rows, training=True)
        self._design.updates.apply(tape.gradient(loss, weights), weights, slots, numbers)
        for variable in self._model.trainable_variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable))
        return loss, output

    def _predict(self, variables: Any, scalars: Any, columns: Any) -> tuple[Any, Any]:
        """Summed loss, and outputs. The loss is taken where outputs are made: there it reads logits."""
        rows, chunk = Examples(*columns), self._design.chunk
        steps = -(-rows.x.shape[0] // chunk)

        def step(number: Any, total: Any, outputs: Any) -> Any:
            portion = rows.take(slice(number * chunk, (number + 1) * chunk))
            output, loss = self._output(portion, training=False)
            size = tf.cast(tf.shape(output)[0], tf.float32)
            return number + 1, total + loss * size, outputs.write(number, output)

        start = (tf.constant(0), tf.constant(0.0), self._outputs(steps, None))
        with bound(self._model, variables, tf.unstack(scalars)):
            _, total, outputs = _repeat(steps, step, start)
        return total, outputs.concat()

    def _output(self, rows: Examples, *, training: bool) -> tuple[Any, Any]:
        output = self._model(tf.cast(rows.x, tf.float32), training=training)
        return output, self._model.compute_loss(rows.x, rows.y, output, rows.weight, training=training)

    def _outputs(self, steps: int, batch: int | None) -> Any:
        shape = (batch, *self._model.output_shape[1:])
        return tf.TensorArray(tf.float32, steps, element_shape=shape, infer_shape=False)

    def _scores(self, targets: Any, order: Any, output: Any) -> dict[str, Any]:
        """Keras' metrics over a whole epoch at once: they add up over rows, so this equals batch by batch."""
        y, *weight = targets if order is None else [tf.gather(column, order) for column in targets]
        fresh = [
            (variable, tf.zeros(variable.shape, variable.dtype)) for variable in self._model.metrics_variables
        ]
        with keras.StatelessScope(state_mapping=fresh):
            return dict(self._model.compute_metrics(None, y, output, *weight))


def _repeat(steps: int, step: Any, start: Any) -> Any:
    return tf.while_loop(
        lambda number, *_: number < steps, step, start, parallel_iterations=1, maximum_iterations=steps
    )
