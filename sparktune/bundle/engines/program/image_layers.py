"""Keras' layers of images become operations."""

from typing import Any, Literal

from sparktune.bundle.engines.program.layers import (
    Call,
    Translator,
    activation_named,
    float32,
    untranslatable,
)
from sparktune.bundle.engines.program.operations import Convolution, Operation, Pooling


def _convolution(call: Call) -> list[Operation]:
    layer, config = call.layer, call.layer.get_config()
    plain = set(layer.strides) | set(layer.dilation_rate) | {layer.groups} == {1}
    if not plain or config["data_format"] != "channels_last":
        raise untranslatable(layer, "has strides, dilation, groups or channels first")
    kernel, *bias = map(float32, layer.get_weights())
    convolution = Convolution(kernel, bias[0] if bias else None, same=config["padding"] == "same")
    return [convolution, *activation_named(call, config["activation"])]


def _pooling(how: Literal["max", "average"], call: Call) -> list[Operation]:
    config: dict[str, Any] = call.layer.get_config()
    size = tuple(config["pool_size"])
    if (
        tuple(config["strides"]) != size
        or config["padding"] != "valid"
        or config["data_format"] != "channels_last"
    ):
        raise untranslatable(call.layer, "has windows that overlap, padding or channels first")
    return [Pooling(how, (size[0], size[1]))]


IMAGE_LAYERS: dict[str, Translator] = {
    "AveragePooling2D": lambda call: _pooling("average", call),
    "Conv2D": _convolution,
    "MaxPooling2D": lambda call: _pooling("max", call),
}
