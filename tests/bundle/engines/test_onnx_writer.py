"""Every operation as ONNX nodes: onnxruntime computes what Keras does."""

from collections.abc import Callable
from typing import Any, get_args

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from keras import layers

from sparktune.bundle.engines.onnx_writer import onnx_model
from sparktune.bundle.engines.program.operations import Activation, Function
from sparktune.bundle.engines.program.program import Program, Step
from sparktune.bundle.engines.program.simplified import simplified
from sparktune.bundle.engines.program.translation import translate
from tests.bundle.engines.program.networks import NETWORKS, network, rows


def computed(program: Program, x: np.ndarray) -> np.ndarray:
    content = onnx_model(program)
    onnx.checker.check_model(onnx.load_from_string(content))
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    raw: np.ndarray = session.run(None, {"x": x})[0]
    return raw


def assert_the_same(model: Any, x: np.ndarray) -> None:
    expected = np.asarray(model(x, training=False)).reshape(len(x), -1)
    np.testing.assert_allclose(computed(simplified(translate(model)), x), expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_dense_networks(name: str) -> None:
    model = network(name)
    assert_the_same(model, rows(model))


@pytest.mark.parametrize("function", get_args(Function))
def test_functions(function: Function) -> None:
    slope = 0.2 if function == "leaky_relu" else 1.0
    x = np.linspace(-6, 6, 26, dtype="f4").reshape(-1, 2)
    found = computed(Program((2,), (Step(Activation(function, slope), (0,)),)), x)
    expected = np.trunc(x) if function == "truncate" else getattr(keras.activations, function)(x)
    np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-5, atol=1e-6)


def test_convolutional_networks() -> None:
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            keras.Input((12, 12)),
            layers.Rescaling(1 / 8),
            layers.Reshape((12, 12, 1)),
            layers.Conv2D(4, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(6, 3, activation="gelu"),
            layers.AveragePooling2D(3),
            layers.Flatten(),
            layers.Dense(3, "softmax"),
        ]
    )
    assert_the_same(model, rows(model, 5))


@pytest.mark.parametrize("cell", [layers.SimpleRNN, layers.GRU, layers.LSTM])
@pytest.mark.parametrize("way", [lambda layer: layer, layers.Bidirectional], ids=["one way", "both ways"])
def test_recurrent_networks(cell: Callable[..., Any], way: Callable[[Any], Any]) -> None:
    keras.utils.set_random_seed(6)
    first, last = way(cell(5, return_sequences=True)), way(cell(3))
    model = keras.Sequential(
        [keras.Input((9,)), layers.Embedding(9, 4), first, layers.Dropout(0.1), last, layers.Dense(2)]
    )
    random = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(random.normal(size=weight.shape) / 2)
    assert_the_same(model, rows(model, 5))
