"""Keras layers become operations: one function a layer, by the layer's own settings and weights."""

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any, NamedTuple, get_args

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
from sparktune.errors import BundleError

SLOPES = {"leaky_relu": 0.2}  # Keras' functions by name; its layers have slopes of their own
SLICE = "__slice__"


class Call(NamedTuple):
    """One use of a layer: the values that go in, the shapes of their rows, and the other arguments."""

    layer: Any
    values: tuple[int, ...]
    shapes: tuple[Shape, ...]
    arguments: tuple[Any, ...] = ()


def untranslatable(layer: Any, why: str) -> BundleError:
    """The error for a layer that no operation stands for."""
    return BundleError(f"layer {layer.name!r} of type {type(layer).__name__} {why}: Keras predicts instead")


def float32(value: Any) -> np.ndarray:
    """Weights as an array."""
    return np.asarray(value, np.float32)


def _float64(value: Any) -> np.ndarray:
    return np.asarray(value, np.float64)


def activation_named(call: Call, name: Any, alpha: float | None = None) -> list[Operation]:
    """The operation of a layer's activation; none for a linear one."""
    if name == "linear":
        return []
    if name not in get_args(Function):
        raise untranslatable(call.layer, f"has the activation {name!r}")
    return [Activation(name, SLOPES.get(name, 1.0) if alpha is None else alpha)]


def _dense(call: Call) -> list[Operation]:
    weights = [float32(weight) for weight in call.layer.get_weights()]
    return [Dense(*weights), *activation_named(call, call.layer.get_config()["activation"])]


def _activation(call: Call) -> list[Operation]:
    return activation_named(call, call.layer.get_config()["activation"])


def _relu(call: Call) -> list[Operation]:
    config = call.layer.get_config()
    limit, slope = config["max_value"], config["negative_slope"]
    if config["threshold"] or limit not in (None, 6) or (slope and limit):
        raise untranslatable(call.layer, "has a threshold or a limit of its own")
    if slope:
        return activation_named(call, "leaky_relu", float(slope))
    return activation_named(call, "relu" if limit is None else "relu6")


def _softmax(call: Call) -> list[Operation]:
    if call.layer.get_config()["axis"] != -1:
        raise untranslatable(call.layer, "has another axis than the last")
    return activation_named(call, "softmax")


def _batch_normalization(call: Call) -> list[Operation]:
    layer, rank = call.layer, len(call.shapes[0])
    if layer.axis not in (-1, rank):
        raise untranslatable(layer, "has another axis than the last")
    mean, variance = _float64(layer.moving_mean), _float64(layer.moving_variance)
    scale = (_float64(layer.gamma) if layer.scale else 1.0) / np.sqrt(variance + layer.epsilon)
    after = (_float64(layer.beta) if layer.center else 0.0) - mean * scale
    return [Affine(scale=float32(scale), after=float32(after))]


def _normalization(call: Call) -> list[Operation]:
    layer = call.layer
    if layer.invert:
        raise untranslatable(layer, "is inverted")
    mean, variance = _float64(layer.mean).squeeze(0), _float64(layer.variance).squeeze(0)
    scale = 1 / np.maximum(np.sqrt(variance), 1e-7)
    return [Affine(before=float32(-mean), scale=float32(scale))]


def _rescaling(call: Call) -> list[Operation]:
    scale, offset = float32(call.layer.scale), float32(call.layer.offset)
    if (scale == 1).all():
        return [Affine(before=offset)]
    return [Affine(scale=scale, after=offset if offset.any() else None)]


def _embedding(call: Call) -> list[Operation]:
    if call.layer.mask_zero:
        raise untranslatable(call.layer, "masks zeros")
    (table,) = call.layer.get_weights()
    return [Embedding(float32(table))]


def _category_encoding(call: Call) -> list[Operation]:
    (shape,), layer = call.shapes, call.layer
    if layer.output_mode not in ("one_hot", "multi_hot"):
        raise untranslatable(layer, f"has the output mode {layer.output_mode!r}")
    if layer.output_mode == "multi_hot":
        return [OneHot(layer.num_tokens, union=bool(shape))]
    squeezed = [Reshape(shape[:-1])] if shape and shape[-1] == 1 else []
    return [*squeezed, OneHot(layer.num_tokens)]


def _one_hot(call: Call) -> list[Operation]:
    if call.layer.axis not in (-1, len(call.shapes[0]) + 1):
        raise untranslatable(call.layer, "has another axis than the last")
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
        raise untranslatable(call.layer, "takes something else than columns of the last axis")
    if isinstance(last, int):
        (start,) = range(shape[-1])[last : last + 1 or None]
        return [Columns(start, start + 1), Reshape(shape[:-1])]
    bounds = _bounds(last)
    taken = range(shape[-1])[slice(bounds["start"], bounds["stop"], bounds["step"])]
    if taken.step != 1:
        raise untranslatable(call.layer, "takes every other column")
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
        raise untranslatable(call.layer, "has another axis than the last")
    return [Concatenate()]


def _combine(how: Any, call: Call) -> list[Operation]:
    if len(call.values) < 2:
        raise untranslatable(call.layer, "combines a tensor with a number")
    return [Combine(how)]


Translator = Callable[[Call], Sequence[Operation]]
LAYERS: dict[str, Translator] = {
    "Activation": _activation,
    "BatchNormalization": _batch_normalization,
    "Cast": _cast,
    "CategoryEncoding": _category_encoding,
    "Concatenate": _concatenate,
    "Dense": _dense,
    "ELU": lambda call: activation_named(call, "elu", float(call.layer.alpha)),
    "Embedding": _embedding,
    "Flatten": _flatten,
    "GetItem": _item,
    "LeakyReLU": lambda call: activation_named(call, "leaky_relu", float(call.layer.negative_slope)),
    "Normalization": _normalization,
    "OneHot": _one_hot,
    "ReLU": _relu,
    "Rescaling": _rescaling,
    "Reshape": _reshape,
    "Softmax": _softmax,
    **{how.capitalize(): partial(_combine, how) for how in ("add", "subtract", "multiply")},
    **{how.capitalize(): partial(_combine, how) for how in ("maximum", "minimum", "average")},
}
