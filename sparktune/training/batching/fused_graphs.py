"""The graphs of several trials of one graph design that train at once, as one vectorised computation.

What the trials own is stacked along a first axis, and `tf.vectorized_map` turns the step of one trial into
the step of all: a matrix product becomes a batch of them, and a GPU (or a small model's dispatch) is paid for
once. Each trial has its own rows in its own order, its own rates, dropout masks and statistics.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any, NamedTuple, final

import keras
import numpy as np
import tensorflow as tf

from sparktune.training.batching.vectorized import vectorized
from sparktune.training.engine.binding import with_scalars
from sparktune.training.engine.epoch import Columns, GraphDesign, loss_and_output
from sparktune.training.engine.metrics import Metrics
from sparktune.training.engine.structure import all_layers

KEPT = 4
LAYERS = {"Sequential", "Functional", "InputLayer", "Rescaling", "Reshape", "Flatten", "Activation"}
LAYERS |= {"Dense", "Dropout", "BatchNormalization"}  # those that TensorFlow vectorises whole
LogsOfAll = dict[str, np.ndarray]  # float32 (trials,)


class Stack(NamedTuple):
    """What trials own, as tensors (trials, ...): weights, statistics and seeds, the optimizer's slots."""

    weights: Sequence[Any]
    others: Sequence[Any]
    slots: Sequence[Any]


class FusedSums(NamedTuple):
    """Loss summed over rows, and the state of the metrics."""

    loss: Any
    metrics: list[Any]


def unvectorised(model: Any) -> list[str]:
    """Kinds of the model's layers that keep its trials from being one computation."""
    return sorted({type(layer).__name__ for layer in all_layers(model)} - LAYERS)


def owned_by(model: Any) -> list[Any]:
    """A model's Keras variables in the order of its part of a stack: weights, then statistics and seeds."""
    return [*model.trainable_variables, *model.non_trainable_variables]


@lru_cache(KEPT)
def fused(design: GraphDesign) -> "FusedGraphs":
    """The graphs for a design of known structure: those that are kept from an equal one, else new ones."""
    return FusedGraphs(design)


@final
class FusedGraphs:
    """Compiled functions for any number of trials of one graph design. Rows are as `Graphs` has them."""

    def __init__(self, design: GraphDesign) -> None:
        self._design, self._model = design, design.model
        self._metrics = Metrics(design.model)
        compiled = True if design.compiler == "xla" else None
        self._train = tf.function(partial(self._train_graph), autograph=False, jit_compile=compiled)
        self._evaluate = tf.function(partial(self._evaluate_graph), autograph=False)

    def train(
        self, stack: Stack, scalars: np.ndarray, rows: Columns, orders: Any, tables: np.ndarray
    ) -> tuple[Stack, LogsOfAll]:
        """One epoch of every trial: the next stack, loss and metrics.

        Args:
            stack: of the trials.
            scalars: float32 (trials, n).
            rows: columns, the same for all.
            orders: int32 (trials, rows), the order in which each trial takes them.
            tables: float32 (trials, steps, numbers), what each step of each trial takes in.
        """
        after, logs = self._train(stack, scalars, tuple(rows), orders, tables)
        return after, _values(logs)

    def evaluate(self, stack: Stack, scalars: np.ndarray, rows: Columns) -> LogsOfAll:
        """Loss and metrics of every trial over the rows, as they stand."""
        return _values(self._evaluate(stack, scalars, tuple(rows)))

    def _train_graph(self, stack: Stack, scalars: Any, rows: Columns, orders: Any, tables: Any) -> Any:
        batch = self._design.batch
        trials, count = orders.shape

        def step(number: Any, stack: Stack, sums: FusedSums, size: int = batch) -> Any:
            index = tf.slice(orders, [0, number * batch], [trials, size])
            parts = (stack, sums, scalars, index, tables[:, number])
            return number + 1, *vectorized(lambda parts: self._step_of_trial(rows, *parts), parts)

        number, stack, sums = _while(count // batch, step, (0, stack, self._start(trials, rows)))
        if count % batch:
            _, stack, sums = step(number, stack, sums, count % batch)
        return stack, self._results(sums, count)

    def _step_of_trial(
        self, rows: Columns, stack: Stack, sums: FusedSums, scalars: Any, index: Any, numbers: Any
    ) -> tuple[Stack, FusedSums]:
        """One training step of one trial."""
        picked = [tf.gather(column, index) for column in rows]
        with self._at(stack, scalars) as scope:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(stack.weights)
                loss, output = loss_and_output(self._model, *picked, training=True)
            gradients = tape.gradient(loss, stack.weights)
            others = [scope.get_current_value(variable) for variable in self._model.non_trainable_variables]
        weights, slots = self._design.updates.applied(gradients, stack.weights, stack.slots, numbers)
        rules = [variable.constraint for variable in self._model.trainable_variables]
        weights = [w if rule is None else rule(w) for rule, w in zip(rules, weights, strict=True)]
        return Stack(weights, others, slots), self._added(sums, loss, output, *picked[1:])

    def _evaluate_graph(self, stack: Stack, scalars: Any, rows: Columns) -> Any:
        count, chunk = rows[0].shape[0], self._design.chunk

        def step(number: Any, sums: FusedSums, size: int = chunk) -> Any:
            picked = [column[number * chunk : number * chunk + size] for column in rows]

            def measured(parts: Any) -> FusedSums:
                stack, scalars, sums = parts
                with self._at(stack, scalars):
                    loss, output = loss_and_output(self._model, *picked, training=False)
                return self._added(sums, loss, output, *picked[1:])

            return number + 1, vectorized(measured, (stack, scalars, sums))

        number, sums = _while(count // chunk, step, (0, self._start(scalars.shape[0], rows)))
        if count % chunk:
            _, sums = step(number, sums, count % chunk)
        return self._results(sums, count)

    @contextmanager
    def _at(self, stack: Stack, scalars: Any) -> Iterator[keras.StatelessScope]:
        """Within the context the model computes with what one trial owns."""
        owned = zip(owned_by(self._model), [*stack.weights, *stack.others], strict=True)
        scope = keras.StatelessScope(state_mapping=list(owned), collect_losses=True)
        with with_scalars(self._model, tf.unstack(scalars)), scope:
            yield scope

    def _start(self, trials: int, rows: Columns) -> FusedSums:
        zeros = [tf.zeros((trials, *part.shape), part.dtype) for part in self._metrics.start(rows[1])]
        return FusedSums(tf.zeros(trials), zeros)

    def _added(self, sums: FusedSums, loss: Any, output: Any, y: Any, weight: Any = None) -> FusedSums:
        rows = tf.cast(tf.shape(output)[0], tf.float32)
        return FusedSums(sums.loss + loss * rows, self._metrics.add(sums.metrics, output, y, weight))

    def _results(self, sums: FusedSums, rows: int) -> dict[str, Any]:
        loss = {"loss": sums.loss / rows}
        return {**vectorized(self._metrics.results, sums.metrics), **loss} if sums.metrics else loss


def _while(count: int, step: Any, start: Any) -> Any:
    return tf.while_loop(lambda number, *_: number < count, step, start, parallel_iterations=1)


def _values(results: dict[str, Any]) -> LogsOfAll:
    return {name: value.numpy() for name, value in results.items()}
