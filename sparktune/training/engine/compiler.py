"""Whether a model's training epochs go through XLA: where the time it saves exceeds the time it compiles.

The figures are microseconds per step and seconds per structure, measured on one core of a server CPU. XLA
saves the dispatch of small operations, of which recurrent layers and batch normalisation have most; its
matrix products are a little slower than oneDNN's, its convolutions ten times. The choice follows from model
and step count alone, never from a clock (XLA draws other dropout masks than the graph, as inside `fit`), so
that a trial gives the same numbers everywhere.
"""

from typing import Any, Literal

import tensorflow as tf

from sparktune.training.engine.structure import all_layers
from sparktune.training.engine.tensors import device

Compiler = Literal["graph", "xla"]
FREE = ("InputLayer", "Rescaling", "Reshape", "Flatten", "Activation")
STEP, BASE = 30.0, 0.45  # saved a step and compiled for, before any layer
SAVED = {"Dense": 8.0, "Dropout": 20.0, "BatchNormalization": 45.0}
SAVED_IN_TIME = {"SimpleRNN": 28.0, "LSTM": 50.0, "GRU": 70.0}  # for each time step
COMPILED = {
    "Dense": 0.05,
    "Dropout": 0.05,
    "BatchNormalization": 0.15,
    "SimpleRNN": 0.7,
    "LSTM": 1.0,
    "GRU": 1.0,
}
LOST = 1.2  # for each million multiplications and additions of dense layers
GPU_STEPS = 2000
APART_STEPS = 2500  # so many save what it takes to trace a second loop


def choose(model: Any, batch: int, steps: int) -> Compiler:
    """How to compile the training of `model` for `steps` steps of `batch` rows in all."""
    kinds = [type(layer).__name__ for layer in _leaves(model)]
    if device() != "CPU:0":
        # cuDNN's recurrent kernels beat XLA's loops.
        return "graph" if steps < GPU_STEPS or any(kind in SAVED_IN_TIME for kind in kinds) else "xla"
    known = {*FREE, *SAVED, *SAVED_IN_TIME, "Bidirectional", "Embedding"}
    if not known.issuperset(kinds):
        return "graph"
    cost = BASE + sum(COMPILED.get(kind, 0.0) for kind in kinds)
    time_steps = (model.input_shape[1] if len(model.input_shape) > 1 else 1) or 1
    in_time = time_steps * sum(SAVED_IN_TIME.get(kind, 0.0) for kind in kinds)
    kernels = [layer.kernel for layer in _leaves(model) if type(layer).__name__ == "Dense"]
    lost = LOST * 6e-6 * batch * sum(kernel.shape[0] * kernel.shape[1] for kernel in kernels)
    saved = STEP + sum(SAVED.get(kind, 0.0) for kind in kinds) + in_time - lost
    return "xla" if saved * 1e-6 * steps > cost else "graph"


def full_batches_apart(steps: int) -> bool:
    """Whether full batches have a loop of their own in a graph for so many steps in all.

    Fixed shapes save 20 of 670 microseconds a step (784-128-10, batch 128); the loop takes 50 ms to trace.
    """
    return steps > APART_STEPS


def _leaves(model: Any) -> list[Any]:
    """The model's layers without those that hold others, and without the cells inside recurrent ones."""
    return [
        layer
        for layer in all_layers(model)
        if not hasattr(layer, "layers") and not type(layer).__name__.endswith("Cell")
    ]


def rewrite_graphs(wanted: bool) -> None:
    """Whether TensorFlow rewrites graphs before their first run, from now on, in this process.

    That takes 50 ms for the two graphs of a small model on a CPU and speeds up no kind of model there;
    `fit`'s own graphs and those for GPUs may profit.
    """
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": not wanted})
