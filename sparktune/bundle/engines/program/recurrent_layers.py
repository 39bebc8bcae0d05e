"""Keras' recurrent layers become operations."""

from typing import Any, Literal

import numpy as np

from sparktune.bundle.engines.program.layers import Call, Translator, untranslatable
from sparktune.bundle.engines.program.operations import Operation, Recurrent

Cell = Literal["simple_rnn", "lstm", "gru"]
CELLS: dict[str, Cell] = {"SimpleRNN": "simple_rnn", "LSTM": "lstm", "GRU": "gru"}
USUAL = {
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "use_bias": True,
    "reset_after": True,
    "return_state": False,
    "stateful": False,
}


def _one_way(call: Call) -> list[Operation]:
    config = _checked(call, call.layer)
    if config["go_backwards"]:
        raise untranslatable(call.layer, "reads backwards")
    return [_recurrent([call.layer], config["return_sequences"])]


def _both_ways(call: Call) -> list[Operation]:
    layers = [call.layer.forward_layer, call.layer.backward_layer]
    if call.layer.merge_mode != "concat" or any(type(layer).__name__ not in CELLS for layer in layers):
        raise untranslatable(call.layer, "joins its two ways otherwise than side by side")
    configs = [_checked(call, layer) for layer in layers]
    return [_recurrent(layers, configs[0]["return_sequences"])]


def _checked(call: Call, layer: Any) -> dict[str, Any]:
    """The layer's settings, which are those that an operation stands for."""
    config: dict[str, Any] = layer.get_config()
    odd = [name for name, usual in USUAL.items() if name in config and config[name] != usual]
    if odd:
        raise untranslatable(call.layer, f"has {odd[0]} {config[odd[0]]!r}")
    return config


def _recurrent(layers: list[Any], sequences: bool) -> Recurrent:
    weights = [layer.get_weights() for layer in layers]
    kernel, recurrent, bias = (np.stack(each).astype(np.float32) for each in zip(*weights, strict=True))
    return Recurrent(CELLS[type(layers[0]).__name__], kernel, recurrent, bias, sequences)


RECURRENT_LAYERS: dict[str, Translator] = {
    "Bidirectional": _both_ways,
    **dict.fromkeys(CELLS, _one_way),
}
