"""Keras models that a program stands for, and what they compute."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from sparktune.bundle.engines.program.compute import Computation
from sparktune.bundle.engines.program.program import Program


def scaled_chain() -> Any:
    """What the kind mlp makes of scaled rows: normalisation, activations of their own, dropout."""
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Rescaling(1.0, offset=[-3.0, 1.0, 0.5, 2.0, -900.0, 0.0]),
            layers.Rescaling([0.5, 2.0, 1.0, 0.1, 0.3, 1.0]),
            layers.Dense(8, use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("tanh"),
            layers.Dropout(0.5),
            layers.Dense(5, "relu"),
            layers.Dense(3, "softmax"),
        ]
    )
    random = np.random.default_rng(3)
    model.layers[3].set_weights(
        [random.uniform(0.5, 2, weight.shape) for weight in model.layers[3].get_weights()]
    )
    return model


def images() -> Any:
    """Rows with sides, scaled pixel by pixel in front of a flat network."""
    scale = np.random.default_rng(1).uniform(0.1, 1, (4, 4)).tolist()
    return keras.Sequential(
        [
            keras.Input((4, 4)),
            layers.Rescaling(scale, offset=-1.0),
            layers.Flatten(),
            layers.Dense(7, "gelu"),
            layers.BatchNormalization(scale=False, center=False),
            layers.Dense(1, "sigmoid"),
        ]
    )


def mixed_columns() -> Any:
    """One matrix, split inside the model: numbers, one-hot codes and embeddings."""
    inputs = keras.Input((6,))
    parts = [
        layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 1.0, 0.0])(inputs[:, :3]),
        layers.Embedding(9, 4)(inputs[:, 3]),
        layers.CategoryEncoding(9, output_mode="one_hot")(inputs[:, 4:5]),
        layers.CategoryEncoding(9, output_mode="multi_hot")(inputs[:, 3:6]),
        ops.one_hot(ops.cast(inputs[:, -1], "int32"), 5),
        layers.Flatten()(layers.Embedding(9, 2)(inputs[:, 4:])),
        layers.Reshape((-1,))(layers.Embedding(9, 2)(inputs[:, 4:])),
    ]
    hidden = layers.Dense(6, "relu")(layers.Concatenate()(parts))
    return keras.Model(inputs, layers.Dense(1)(hidden))


def branches() -> Any:
    """A layer that is called twice, a model inside the model, and values that several steps take."""
    inputs = keras.Input((6,))
    shared = layers.Dense(6, "leaky_relu")
    first = shared(inputs)
    second = shared(layers.BatchNormalization()(first))
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(6), layers.LeakyReLU(0.4)])(second)
    both = layers.Average()([layers.Add()([first, inner]), layers.Multiply()([first, second]), second])
    return keras.Model(inputs, layers.ReLU(6.0)(layers.Dense(2)(layers.ELU(0.7)(both))))


def outer_product() -> Any:
    """Each number of a row with each other one: both sides are broadcast."""
    inputs = keras.Input((4,))
    product = layers.Multiply()([layers.Reshape((4, 1))(inputs), layers.Reshape((1, 4))(inputs)])
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(product)))


NETWORKS: dict[str, Callable[[], Any]] = {
    "scaled_chain": scaled_chain,
    "images": images,
    "mixed_columns": mixed_columns,
    "branches": branches,
    "outer_product": outer_product,
}


def network(name: str) -> Any:
    """One of NETWORKS, always the same."""
    keras.utils.set_random_seed(11)
    return NETWORKS[name]()


def rows(model: Any, count: int = 40) -> np.ndarray:
    """Whole numbers from 0 to 8 as inputs (count, *input_shape), float32."""
    shape = (count, *model.inputs[0].shape[1:])
    return np.random.default_rng(2).integers(0, 9, shape).astype(np.float32)


def assert_computes(program: Program, model: Any, x: np.ndarray) -> None:
    """The program gives what Keras predicts."""
    expected = np.asarray(model(x, training=False)).reshape(len(x), -1)
    np.testing.assert_allclose(Computation(program).run(x), expected, rtol=1e-5, atol=2e-6)
