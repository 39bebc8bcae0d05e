"""What changes while a model trains and lies neither in its variables nor in its optimizer's."""

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
    definition = graph.as_graph_def()
    nodes = [*definition.node, *(node for inner in definition.library.function for node in inner.node_def)]
    for operation in sorted({node.op for node in nodes}):
        if operation in PYTHON:
            return "the model calls Python while it trains"
        if operation.startswith(RANDOM):
            return f"the model draws random numbers without a keras.random.SeedGenerator ({operation})"
    return None
