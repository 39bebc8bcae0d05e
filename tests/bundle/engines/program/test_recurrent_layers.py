"""Recurrent layers become operations; `test_onnx_writer` compares what they compute with Keras."""

from typing import Any

import keras
import pytest
from keras import layers

from sparktune.bundle.engines.program.operations import Recurrent
from sparktune.bundle.engines.program.translation import translate
from sparktune.errors import BundleError


def sequences(layer: Any) -> Any:
    return keras.Sequential([keras.Input((5, 2)), layer])


@pytest.mark.parametrize(
    ("layer", "cell", "sides"),
    [
        (lambda: layers.SimpleRNN(3), "simple_rnn", (1, 2, 3)),
        (lambda: layers.GRU(3, return_sequences=True), "gru", (1, 2, 9)),
        (lambda: layers.Bidirectional(layers.LSTM(3)), "lstm", (2, 2, 12)),
    ],
)
def test_cells(layer: Any, cell: str, sides: tuple[int, ...]) -> None:
    model = sequences(layer())
    program = translate(model)
    operation = program.steps[0].operation
    assert isinstance(operation, Recurrent)
    assert (operation.cell, operation.kernel.shape) == (cell, sides)
    assert program.shapes[-1] == tuple(model.outputs[0].shape[1:])


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda: layers.LSTM(3, activation="relu"), "has activation 'relu'"),
        (lambda: layers.GRU(3, reset_after=False), "has reset_after False"),
        (lambda: layers.SimpleRNN(3, go_backwards=True), "reads backwards"),
        (lambda: layers.Bidirectional(layers.LSTM(3), merge_mode="sum"), "otherwise than side by side"),
    ],
)
def test_other_settings_are_refused(layer: Any, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        translate(sequences(layer()))
