"""A program as an ONNX model: the nodes of each operation."""

from collections.abc import Callable
from typing import Any, final

import numpy as np

from sparktune.bundle.engines.program.functions import SELU_ALPHA, SELU_SCALE
from sparktune.bundle.engines.program.operations import (
    Activation,
    Affine,
    Columns,
    Combine,
    Concatenate,
    Convolution,
    Dense,
    Embedding,
    OneHot,
    Operation,
    Pooling,
    Recurrent,
    Reshape,
)
from sparktune.bundle.engines.program.program import Program

OPSET, IR_VERSION = 17, 8  # onnxruntime reads these from 1.13 on
INPUT, OUTPUT = "x", "raw"
TO_CHANNELS_FIRST, TO_CHANNELS_LAST = [0, 3, 1, 2], [0, 2, 3, 1]
COMBINE = {
    "add": "Sum",
    "subtract": "Sub",
    "multiply": "Mul",
    "maximum": "Max",
    "minimum": "Min",
    "average": "Mean",
}
PLAIN = {
    "exponential": "Exp",
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "softmax": "Softmax",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "tanh": "Tanh",
}
CELLS = {"simple_rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
KERAS_GATES_IN_ONNX = {"simple_rnn": [0], "lstm": [0, 3, 1, 2], "gru": [0, 1, 2]}


def onnx_model(program: Program) -> bytes:
    """The ONNX model of a program: float32 `x`, (rows, *input_shape), in, and `raw`, (rows, outputs), out."""
    from onnx import TensorProto, helper

    graph = Graph()
    values = [INPUT]
    for step in program.steps:
        values.append(NODES[type(step.operation)](graph, step.operation, *(values[v] for v in step.inputs)))
    graph.node("Flatten", values[-1], output=OUTPUT, axis=1)
    outputs = int(np.prod(program.shapes[-1]))
    made = helper.make_graph(
        graph.nodes,
        "sparktune",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["rows", *program.input_shape])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["rows", outputs])],
        graph.constants,
    )
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(made, opset_imports=[opset], ir_version=IR_VERSION)
    content: bytes = model.SerializeToString()
    return content


@final
class Graph:
    """The nodes and the constants of an ONNX graph that grows."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def node(self, kind: str, *inputs: str, output: str | None = None, take: int = 0, **options: Any) -> str:
        """Add a node; gives the name of its output, the one number `take` where it has several."""
        from onnx import helper

        name = output or f"value{len(self.nodes)}"
        outputs = [""] * take + [name]
        self.nodes.append(helper.make_node(kind, inputs, outputs, **options))
        return name

    def constant(self, array: Any, dtype: Any = np.float32) -> str:
        """Add a constant; gives its name."""
        from onnx import numpy_helper

        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array, dtype), name))
        return name

    def shaped(self, value: str, *sides: int) -> str:
        """A value in another shape; sides of 0 stay as they are."""
        return self.node("Reshape", value, self.constant(sides, np.int64))

    def codes(self, value: str) -> str:
        """A value as whole numbers."""
        from onnx import TensorProto

        return self.node("Cast", value, to=TensorProto.INT64)


def _dense(graph: Graph, dense: Dense, x: str) -> str:
    product = graph.node("MatMul", x, graph.constant(dense.kernel))
    return product if dense.bias is None else graph.node("Add", product, graph.constant(dense.bias))


def _affine(graph: Graph, affine: Affine, x: str) -> str:
    for kind, part in (("Add", affine.before), ("Mul", affine.scale), ("Add", affine.after)):
        if part is not None:
            x = graph.node(kind, x, graph.constant(part))
    return x


def _activation(graph: Graph, activation: Activation, x: str) -> str:
    from onnx import TensorProto

    match activation.function:
        case "elu" | "leaky_relu" as name:
            kind = {"elu": "Elu", "leaky_relu": "LeakyRelu"}[name]
            return graph.node(kind, x, alpha=activation.alpha)
        case "gelu":
            erf = graph.node("Erf", graph.node("Mul", x, graph.constant(0.5**0.5)))
            half = graph.node("Mul", x, graph.constant(0.5))
            return graph.node("Mul", half, graph.node("Add", erf, graph.constant(1)))
        case "hard_sigmoid":
            return graph.node("HardSigmoid", x, alpha=1 / 6, beta=0.5)
        case "relu6":
            return graph.node("Clip", x, graph.constant(0), graph.constant(6))
        case "selu":
            return graph.node("Selu", x, alpha=SELU_ALPHA, gamma=SELU_SCALE)
        case "silu":
            return graph.node("Mul", x, graph.node("Sigmoid", x))
        case "truncate":
            return graph.node("Cast", graph.codes(x), to=TensorProto.FLOAT)
        case plain:
            return graph.node(PLAIN[plain], x)


def _columns(graph: Graph, columns: Columns, x: str) -> str:
    bounds = ([columns.start], [columns.stop], [-1])
    return graph.node("Slice", x, *(graph.constant(bound, np.int64) for bound in bounds))


def _embedding(graph: Graph, embedding: Embedding, x: str) -> str:
    return graph.node("Gather", graph.constant(embedding.table), graph.codes(x), axis=0)


def _one_hot(graph: Graph, one_hot: OneHot, x: str) -> str:
    depth, values = graph.constant(one_hot.levels, np.int64), graph.constant([0, 1])
    found = graph.node("OneHot", graph.codes(x), depth, values, axis=-1)
    return graph.node("ReduceMax", found, axes=[-2], keepdims=0) if one_hot.union else found


def _reshape(graph: Graph, reshape: Reshape, x: str) -> str:
    return graph.shaped(x, 0, *reshape.target)


def _concatenate(graph: Graph, _: Concatenate, *values: str) -> str:
    return graph.node("Concat", *values, axis=-1)


def _combine(graph: Graph, combine: Combine, *values: str) -> str:
    if combine.how in ("subtract", "multiply"):  # which take two
        first, *others = values
        for other in others:
            first = graph.node(COMBINE[combine.how], first, other)
        return first
    return graph.node(COMBINE[combine.how], *values)


def _convolution(graph: Graph, convolution: Convolution, x: str) -> str:
    first = graph.node("Transpose", x, perm=TO_CHANNELS_FIRST)
    weights = [graph.constant(convolution.kernel.transpose(3, 2, 0, 1))]
    if convolution.bias is not None:
        weights.append(graph.constant(convolution.bias))
    padding = "SAME_UPPER" if convolution.same else "VALID"
    found = graph.node("Conv", first, *weights, auto_pad=padding)
    return graph.node("Transpose", found, perm=TO_CHANNELS_LAST)


def _pooling(graph: Graph, pooling: Pooling, x: str) -> str:
    first = graph.node("Transpose", x, perm=TO_CHANNELS_FIRST)
    kind = "MaxPool" if pooling.how == "max" else "AveragePool"
    size = list(pooling.size)
    found = graph.node(kind, first, kernel_shape=size, strides=size)
    return graph.node("Transpose", found, perm=TO_CHANNELS_LAST)


def _recurrent(graph: Graph, recurrent: Recurrent, x: str) -> str:
    """ONNX has steps first, the units of a gate in rows, another order of gates, and a second bias."""
    order = KERAS_GATES_IN_ONNX[recurrent.cell]
    directions, units = len(recurrent.kernel), recurrent.recurrent.shape[1]

    def gates(weights: np.ndarray) -> np.ndarray:
        parts = np.split(weights, len(order), axis=-1)
        return np.concatenate([parts[gate] for gate in order], axis=-1)

    bias = gates(recurrent.bias)
    biases = bias if recurrent.cell == "gru" else np.stack([bias, np.zeros_like(bias)], axis=1)
    inputs = (
        graph.node("Transpose", x, perm=[1, 0, 2]),
        graph.constant(gates(recurrent.kernel).transpose(0, 2, 1)),
        graph.constant(gates(recurrent.recurrent).transpose(0, 2, 1)),
        graph.constant(biases.reshape(directions, -1)),
    )
    options: dict[str, Any] = {"hidden_size": units}
    options["direction"] = "bidirectional" if directions == 2 else "forward"
    if recurrent.cell == "gru":
        options["linear_before_reset"] = 1
    kind = CELLS[recurrent.cell]
    if recurrent.sequences:
        every = graph.node(kind, *inputs, **options)  # (steps, directions, rows, units)
        return graph.shaped(graph.node("Transpose", every, perm=[2, 0, 1, 3]), 0, 0, directions * units)
    last = graph.node(kind, *inputs, take=1, **options)  # (directions, rows, units)
    return graph.shaped(graph.node("Transpose", last, perm=[1, 0, 2]), 0, directions * units)


NODES: dict[type[Operation], Callable[..., str]] = {
    Dense: _dense,
    Affine: _affine,
    Activation: _activation,
    Columns: _columns,
    Embedding: _embedding,
    OneHot: _one_hot,
    Reshape: _reshape,
    Concatenate: _concatenate,
    Combine: _combine,
    Convolution: _convolution,
    Pooling: _pooling,
    Recurrent: _recurrent,
}
