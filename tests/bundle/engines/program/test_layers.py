"""What no operation stands for is refused by the name of its layer."""

from typing import Any

import keras
import pytest
from keras import layers

from sparktune.bundle.engines.program.translation import translate
from sparktune.errors import BundleError


class Doubled(layers.Layer):
    """A user's own."""

    def call(self, x: Any) -> Any:
        return 2 * x


def own_function(x: Any) -> Any:
    return x


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda: Doubled(name="mine"), "layer 'mine' of type Doubled is not one of Keras: Keras predicts"),
        (lambda: layers.Dense(2, own_function), "has the activation .*own_function"),
        (lambda: layers.Dense(2, dtype="float16"), "computes in float16"),
        (lambda: layers.Embedding(9, 2, mask_zero=True), "masks zeros"),
        (lambda: layers.ReLU(threshold=1.0), "a threshold or a limit of its own"),
        (lambda: layers.Softmax(axis=1), "another axis than the last"),
        (lambda: layers.CategoryEncoding(9, output_mode="count"), "has the output mode 'count'"),
        (lambda: layers.GroupNormalization(2), "of type GroupNormalization has no operation"),
        (lambda: layers.Dropout(0.5), "gives its input back"),
    ],
)
def test_what_has_no_operation_is_refused_by_name(layer: Any, message: str) -> None:
    model = keras.Sequential([keras.Input((4,)), layer()])
    with pytest.raises(BundleError, match=message):
        translate(model)


@pytest.mark.parametrize("part", [lambda x: x[:, ::2], lambda x: x * 2.0], ids=["every other", "number"])
def test_arithmetic_that_has_no_operation_is_refused(part: Any) -> None:
    inputs = keras.Input((4,))
    with pytest.raises(BundleError, match="Keras predicts instead"):
        translate(keras.Model(inputs, layers.Dense(1)(part(inputs))))
