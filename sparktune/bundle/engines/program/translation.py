"""A Keras model becomes a program: its layers one by one, by what Keras itself says of them."""

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any, NamedTuple, final, get_args

import numpy as np

from sparktune.bundle.engines.program.operations import (
    Activation,
    Affine,
    Columns,
    Combine,
    Concatenate,
    Dense,
    Embedding,
    Function,
    OneHot,
    Operation,
    Reshape,
    Shape,
)
from sparktune.bundle.engines.program.program import Program, Step
from sparktune.errors import BundleError

SLOPES = {"leaky_relu": 0.2}  # Keras' functions by name; its layers have slopes of their own
TRAINED_ONLY = (
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
    "SpatialDropout2D",
)
MODELS = ("Functional", "Sequential")
TENSOR, SLICE = "__keras_tensor__", "__slice__"


class Call(NamedTuple):
    """One use of a layer: the values that go in, the shapes of their rows, and the other arguments."""

    layer: Any
    values: tuple[int, ...]
    shapes: tuple[Shape, ...]
    arguments: tuple[Any, ...] = ()


def translate(model: Any) -> Program:
    """The program of a Keras model with one input and one output, as it predicts.

    Raises:
        BundleError: names the layer that no operation stands for.
    """
    (shape,) = [tuple(each.shape[1:]) for each in model.inputs]
    if None in shape or not shape:
        raise BundleError(f"a program needs rows of one shape, but the model takes {shape}")
    translation = _Translation(shape)
    end = translation.model(model, 0)
    if not translation.steps or end != len(translation.steps):
        raise BundleError("a program needs a layer that computes, but the model gives its input back")
    return Program(shape, tuple(translation.steps))


@final
class _Translation:
    """The steps so far, and the shape of a row of each of their values."""

    def __init__(self, shape: Shape) -> None:
        self.steps: list[Step] = []
        self.shapes = [shape]

    def model(self, model: Any, value: int) -> int:
        """The value that a model gives for the value that goes in."""
        if type(model).__name__ == "Sequential":
            for layer in model.layers:
                value = self.layer(Call(layer, (value,), (self.shapes[value],)))
            return value
        return self.graph(model, value)

    def graph(self, model: Any, value: int) -> int:
        """The same of a model whose layers are a graph, by its own description of its calls."""
        config, layers = model.get_config(), {each.name: each for each in model.operations}
        nodes = {each["name"]: each.get("inbound_nodes", []) for each in config["layers"]}
        (first,), (last,) = _histories(config["input_layers"]), _histories(config["output_layers"])
        known = {first: value}

        def value_of(history: tuple[str, int]) -> int:
            if history not in known:
                name, number = history
                # A model inside another one counts a call of its own before those that are described.
                node = nodes[name][number - (type(layers[name]).__name__ == "Functional")]
                if any(_tensors(given) for given in node["kwargs"].values()):
                    raise _untranslatable(layers[name], "is called with tensors by name")
                values = tuple(map(value_of, _tensors(node["args"])))
                shapes = tuple(self.shapes[each] for each in values)
                known[history] = self.layer(Call(layers[name], values, shapes, tuple(node["args"])))
            return known[history]

        return value_of(last)

    def layer(self, call: Call) -> int:
        """The value that a call of a layer gives."""
        kind = type(call.layer).__name__
        if not type(call.layer).__module__.startswith("keras."):
            raise _untranslatable(call.layer, "is not one of Keras")
        if getattr(call.layer, "compute_dtype", "float32") not in ("float32", None):
            raise _untranslatable(call.layer, f"computes in {call.layer.compute_dtype}")
        if kind in MODELS:
            return self.model(call.layer, call.values[0])
        if kind in TRAINED_ONLY or kind == "InputLayer":
            return call.values[0]
        if kind not in LAYERS:
            raise _untranslatable(call.layer, "has no operation")
        values = call.values
        for operation in LAYERS[kind](call):
            self.steps.append(Step(operation, values))
            self.shapes.append(operation.shape(*(self.shapes[value] for value in values)))
            values = (len(self.steps),)
        (value,) = values
        return value


def _untranslatable(layer: Any, why: str) -> BundleError:
    return BundleError(f"layer {layer.name!r} of type {type(layer).__name__} {why}: Keras predicts instead")


def _histories(described: Any) -> list[tuple[str, int]]:
    """The layers, and which of their calls, that a description of inputs or outputs names; one or several."""
    several = described if isinstance(described[0], (list, tuple)) else [described]
    return [(name, number) for name, number, _ in several]


def _tensors(node: Any) -> list[tuple[str, int]]:
    """The calls that gave the tensors in a description of arguments, in order."""
    if isinstance(node, dict):
        if node.get("class_name") != TENSOR:
            return []
        name, number, _ = node["config"]["keras_history"]
        return [(name, number)]
    if isinstance(node, (list, tuple)):
        return [found for each in node for found in _tensors(each)]
    return []


def _float32(value: Any) -> np.ndarray:
    return np.asarray(value, np.float32)


def _float64(value: Any) -> np.ndarray:
    return np.asarray(value, np.float64)


def _function(call: Call, name: Any, alpha: float | None = None) -> list[Operation]:
    if name == "linear":
        return []
    if name not in get_args(Function):
        raise _untranslatable(call.layer, f"has the activation {name!r}")
    return [Activation(name, SLOPES.get(name, 1.0) if alpha is None else alpha)]


def _dense(call: Call) -> list[Operation]:
    weights = [_float32(weight) for weight in call.layer.get_weights()]
    return [Dense(*weights), *_function(call, call.layer.get_config()["activation"])]


def _activation(call: Call) -> list[Operation]:
    return _function(call, call.layer.get_config()["activation"])


def _relu(call: Call) -> list[Operation]:
    config = call.layer.get_config()
    limit, slope = config["max_value"], config["negative_slope"]
    if config["threshold"] or limit not in (None, 6) or (slope and limit):
        raise _untranslatable(call.layer, "has a threshold or a limit of its own")
    if slope:
        return _function(call, "leaky_relu", float(slope))
    return _function(call, "relu" if limit is None else "relu6")


def _softmax(call: Call) -> list[Operation]:
    if call.layer.get_config()["axis"] != -1:
        raise _untranslatable(call.layer, "has another axis than the last")
    return _function(call, "softmax")


def _batch_normalization(call: Call) -> list[Operation]:
    layer, rank = call.layer, len(call.shapes[0])
    if layer.axis not in (-1, rank):
        raise _untranslatable(layer, "has another axis than the last")
    mean, variance = _float64(layer.moving_mean), _float64(layer.moving_variance)
    scale = (_float64(layer.gamma) if layer.scale else 1.0) / np.sqrt(variance + layer.epsilon)
    after = (_float64(layer.beta) if layer.center else 0.0) - mean * scale
    return [Affine(scale=_float32(scale), after=_float32(after))]


def _normalization(call: Call) -> list[Operation]:
    layer = call.layer
    if layer.invert:
        raise _untranslatable(layer, "is inverted")
    mean, variance = _float64(layer.mean).squeeze(0), _float64(layer.variance).squeeze(0)
    scale = 1 / np.maximum(np.sqrt(variance), 1e-7)
    return [Affine(before=_float32(-mean), scale=_float32(scale))]


def _rescaling(call: Call) -> list[Operation]:
    scale, offset = _float32(call.layer.scale), _float32(call.layer.offset)
    if (scale == 1).all():
        return [Affine(before=offset)]
    return [Affine(scale=scale, after=offset if offset.any() else None)]


def _embedding(call: Call) -> list[Operation]:
    if call.layer.mask_zero:
        raise _untranslatable(call.layer, "masks zeros")
    (table,) = call.layer.get_weights()
    return [Embedding(_float32(table))]


def _category_encoding(call: Call) -> list[Operation]:
    (shape,), layer = call.shapes, call.layer
    if layer.output_mode not in ("one_hot", "multi_hot"):
        raise _untranslatable(layer, f"has the output mode {layer.output_mode!r}")
    if layer.output_mode == "multi_hot":
        return [OneHot(layer.num_tokens, union=bool(shape))]
    squeezed = [Reshape(shape[:-1])] if shape and shape[-1] == 1 else []
    return [*squeezed, OneHot(layer.num_tokens)]


def _one_hot(call: Call) -> list[Operation]:
    if call.layer.axis not in (-1, len(call.shapes[0]) + 1):
        raise _untranslatable(call.layer, "has another axis than the last")
    return [OneHot(call.layer.num_classes)]


def _cast(call: Call) -> list[Operation]:
    return [Activation("truncate")] if "int" in call.layer.dtype else []


def _item(call: Call) -> list[Operation]:
    """Columns of the last axis: `x[:, 3]` or `x[:, 3:7]`."""
    (shape,) = call.shapes
    _, places = call.arguments
    full = {"start": None, "stop": None, "step": None}
    *others, last = places if isinstance(places, (list, tuple)) else [places]
    if len(others) != len(shape) or any(_bounds(place) != full for place in others):
        raise _untranslatable(call.layer, "takes something else than columns of the last axis")
    if isinstance(last, int):
        (start,) = range(shape[-1])[last : last + 1 or None]
        return [Columns(start, start + 1), Reshape(shape[:-1])]
    bounds = _bounds(last)
    taken = range(shape[-1])[slice(bounds["start"], bounds["stop"], bounds["step"])]
    if taken.step != 1:
        raise _untranslatable(call.layer, "takes every other column")
    return [Columns(taken.start, taken.stop)]


def _bounds(place: Any) -> dict[str, Any]:
    """The bounds of a described slice; nothing for what is none."""
    return dict(place["config"]) if isinstance(place, dict) and place.get("class_name") == SLICE else {}


def _reshape(call: Call) -> list[Operation]:
    (shape,), target = call.shapes, tuple(call.layer.target_shape)
    rest = prod(shape) // max(1, -prod(target))  # what a side of -1 stands for
    return [Reshape(tuple(rest if side == -1 else side for side in target))]


def _flatten(call: Call) -> list[Operation]:
    return [Reshape((prod(call.shapes[0]),))]


def _concatenate(call: Call) -> list[Operation]:
    if call.layer.axis not in (-1, len(call.shapes[0])):
        raise _untranslatable(call.layer, "has another axis than the last")
    return [Concatenate()]


def _combine(how: Any, call: Call) -> list[Operation]:
    if len(call.values) < 2:
        raise _untranslatable(call.layer, "combines a tensor with a number")
    return [Combine(how)]


Translator = Callable[[Call], Sequence[Operation]]
LAYERS: dict[str, Translator] = {
    "Activation": _activation,
    "BatchNormalization": _batch_normalization,
    "Cast": _cast,
    "CategoryEncoding": _category_encoding,
    "Concatenate": _concatenate,
    "Dense": _dense,
    "ELU": lambda call: _function(call, "elu", float(call.layer.alpha)),
    "Embedding": _embedding,
    "Flatten": _flatten,
    "GetItem": _item,
    "LeakyReLU": lambda call: _function(call, "leaky_relu", float(call.layer.negative_slope)),
    "Normalization": _normalization,
    "OneHot": _one_hot,
    "ReLU": _relu,
    "Rescaling": _rescaling,
    "Reshape": _reshape,
    "Softmax": _softmax,
    **{how.capitalize(): partial(_combine, how) for how in ("add", "subtract", "multiply")},
    **{how.capitalize(): partial(_combine, how) for how in ("maximum", "minimum", "average")},
}
