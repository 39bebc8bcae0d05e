"""What changes while a model trains and lies neither in its variables nor in its optimizer's."""

from typing import Any

import keras
import tensorflow as tf

from sparktune.columns.schema import Schema
from sparktune.spec import TrainingSpec
from sparktune.training.engine.structure import fully_described
from sparktune.training.objective import is_own
from sparktune.training.own_goals import example_rows
from sparktune.training.references import import_reference

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
    return _state_of(graph, "the model")


def hidden_state_of_goals(training: TrainingSpec, schema: Schema) -> str | None:
    """Why the loss and the metrics have state besides the model's; None where they have none.

    Only functions of the user's own can have any. They are traced with a few rows.
    """
    goals = (training.loss, *(training.metrics or ()), *(training.weighted_metrics or ()))
    for goal in (goal for goal in goals if goal is not None and is_own(goal)):
        call = tf.function(import_reference(goal, "training"), autograph=False)
        graph = call.get_concrete_function(*map(tf.constant, example_rows(schema))).graph
        if graph.variables:
            return f"{goal} has a variable, which is not among model.variables"
        if (reason := _state_of(graph, goal)) is not None:
            return reason
    return None


def _state_of(graph: Any, name: str) -> str | None:
    """Random operations and calls of Python in a graph, that of what has this name."""
    definition = graph.as_graph_def()
    nodes = [*definition.node, *(node for inner in definition.library.function for node in inner.node_def)]
    for operation in sorted({node.op for node in nodes}):
        if operation in PYTHON:
            return f"{name} calls Python while it trains"
        if operation.startswith(RANDOM):
            return f"{name} draws random numbers without a keras.random.SeedGenerator ({operation})"
    return None
