"""The graphs of one kind of model: a training epoch and an evaluation, each with its loss and metrics."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, final

import numpy as np
import tensorflow as tf

from sparktune.training.engine.binding import with_variables
from sparktune.training.engine.blocks import Blocks, Steps
from sparktune.training.engine.compiler import Compiler
from sparktune.training.engine.updates import Updates

KEPT = 16  # structures whose graphs a process keeps
Logs = dict[str, float]
Columns = Sequence[Any]
Pick = Callable[[Columns, Any, Any], Columns]  # the rows of some steps: of which columns, first step, count


@final
@dataclass(frozen=True)
class TrialVariables:
    """What a trial owns: tf.Variables of model and optimizer, and scalars of its layers, float32 (n,)."""

    variables: Sequence[Any]
    slots: Sequence[Any]
    scalars: Any


@final
@dataclass(frozen=True)
class GraphDesign:
    """What decides the graphs. `batch` and `chunk` are rows per step of training and of evaluation.

    `apart`: full batches have a loop of their own, whose shapes are fixed. `model` is one compiled model of
    this `structure`, looked at only while graphs are traced.
    """

    structure: str | None
    batch: int
    chunk: int
    compiler: Compiler
    apart: bool
    updates: Updates
    model: Any = field(compare=False, repr=False)


def graphs(design: GraphDesign) -> "Graphs":
    """The graphs for a design: those that are kept from an equal one, else new ones."""
    return Graphs(design) if design.structure is None else _kept(design)


def forget_graphs() -> None:
    """Keep no graphs."""
    _kept.cache_clear()


@lru_cache(KEPT)
def _kept(design: GraphDesign) -> "Graphs":
    return Graphs(design)


@final
class Graphs:
    """Compiled functions for every trial of one graph design. What differs between its trials is handed in.

    Rows are columns on the device: x (rows, ...), y (rows, ...), and weights (rows,) where there are any.
    """

    def __init__(self, design: GraphDesign) -> None:
        self._design, self._model = design, design.model
        self._blocks = Blocks(design.model)
        # Of a partial TensorFlow counts traces one by one; of a method for all graph designs together, whose
        # first traces it would take for a fault and warn of.
        self._train = tf.function(partial(self._train_graph), autograph=False)
        self._evaluate = tf.function(partial(self._evaluate_graph), autograph=False)

    def train(self, state: TrialVariables, rows: Columns, order: Any, table: np.ndarray) -> Logs:
        """One epoch over the rows in this order, int32 (rows,); `table` has a row of numbers for each step.

        Gives loss and metrics.
        """
        return _floats(self._train(state.variables, state.slots, state.scalars, tuple(rows), order, table))

    def evaluate(self, state: TrialVariables, rows: Columns) -> Logs:
        """Loss and metrics over the rows, as they stand."""
        return _floats(self._evaluate(state.variables, state.scalars, tuple(rows)))

    def _train_graph(
        self, variables: Any, slots: Any, scalars: Any, rows: Columns, order: Any, table: Any
    ) -> dict[str, Any]:
        """XLA knows fixed shapes only: a last batch that is not full goes without it."""
        batch, steps = self._design.batch, table.shape[0]
        cut, length = order.shape[0] // batch if self._design.apart else 0, 0
        if self._design.compiler == "xla":
            blocks, length = self._blocks.even(order.shape[0] // batch, batch)
            cut = blocks * length
        sums = self._blocks.start(rows[1])
        with with_variables(self._model, variables, tf.unstack(scalars)):
            for first, last, compiled in ((0, cut, length), (cut, steps, 0)):
                if first < last:
                    part = order[first * batch : last * batch], table[first:last]
                    sums = self._blocks.add(sums, self._training_steps(rows, slots, *part), compiled)
        return self._blocks.results(sums, order.shape[0])

    def _training_steps(self, rows: Columns, slots: Any, order: Any, table: Any) -> Steps:
        """Training steps over the rows in this order."""
        batch, model = self._design.batch, self._model
        pick = _ordered(order, batch)

        def step(number: Any) -> tuple[Any, Any]:
            weights = [variable.value for variable in model.trainable_variables]
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(weights)
                loss, output = loss_and_output(model, *pick(rows, number, 1), training=True)
            self._design.updates.apply(tape.gradient(loss, weights), weights, slots, table[number])
            for variable in model.trainable_variables:
                if variable.constraint is not None:
                    variable.assign(variable.constraint(variable))
            return loss, output

        even = order.shape[0] % batch == 0
        return Steps(table.shape[0], step, partial(pick, rows[1:]), batch, even)

    def _evaluate_graph(self, variables: Any, scalars: Any, rows: Columns) -> dict[str, Any]:
        chunk = self._design.chunk

        def pick(columns: Columns, first: Any, count: Any) -> Columns:
            return [column[first * chunk : (first + count) * chunk] for column in columns]

        def step(number: Any) -> tuple[Any, Any]:
            return loss_and_output(self._model, *pick(rows, number, 1), training=False)

        steps = Steps(-(-rows[0].shape[0] // chunk), step, partial(pick, rows[1:]), chunk, even=False)
        with with_variables(self._model, variables, tf.unstack(scalars)):
            sums = self._blocks.add(self._blocks.start(rows[1]), steps)
        return self._blocks.results(sums, rows[0].shape[0])


def loss_and_output(model: Any, x: Any, y: Any, weight: Any = None, *, training: bool) -> tuple[Any, Any]:
    """Mean loss, and outputs. The loss is taken where outputs are made: there it reads logits."""
    output = model(tf.cast(x, tf.float32), training=training)
    return model.compute_loss(x, y, output, weight, training=training), output


def _ordered(order: Any, batch: int) -> Pick:
    """Picks rows by their indices."""
    even = order.shape[0] % batch == 0

    def pick(columns: Columns, first: Any, count: Any) -> Columns:
        start = first * batch
        index = tf.slice(order, [start], [count * batch]) if even else order[start : start + count * batch]
        return [tf.gather(column, index) for column in columns]

    return pick


def _floats(results: dict[str, Any]) -> Logs:
    return {name: float(value) for name, value in results.items()}
