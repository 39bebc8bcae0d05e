"""What changes while a model trains and lies neither in its variables nor in its optimizer's."""

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from sparktune.training.engine.structure import fully_described

RANDOM = ("Random", "Multinomial", "TruncatedNormal", "StatefulUniform")
PYTHON = ("PyFunc", "EagerPyFunc", "PyFuncStateless")


def hidden_state(model: keras.Model) -> str | None:
    """Why a model's variables are not all of its state; None where they are.

    Keras' own layers have all of it in variables. A model with other code in it is traced once: its graph
    shows random operations, calls of Python and variables that Keras does not know.
    """
    if type(model).__module__.startswith("keras.") and fully_described(model.get_config()):
        return None
    call = tf.function(lambda x: model(x, training=True), autograph=False)
    graph = call.get_concrete_function(tf.TensorSpec(model.inputs[0].shape, model.inputs[0].dtype)).graph
    known = {id(variable.value) for variable in model.variables}
    if any(id(variable) not in known for variable in graph.variables):
        return "the model changes a variable that is not among model.variables"
    for operation in sorted(_operations(graph.as_graph_def())):
        if operation in PYTHON:
            return "the model calls Python while it trains"
        if operation.startswith(RANDOM):
            return f"the model draws random numbers without a keras.random.SeedGenerator ({operation})"
    return None


def _operations(graph: Any) -> Iterator[str]:
    """The types of all operations of a graph and of its functions."""
    yield from {node.op for node in graph.node}
    yield from {node.op for function in graph.library.function for node in function.node_def}
