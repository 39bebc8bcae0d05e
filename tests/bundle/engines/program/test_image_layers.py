"""Layers of images become operations; `test_onnx_writer` compares what they compute with Keras."""

from typing import Any

import keras
import pytest
from keras import layers

from sparktune.bundle.engines.program.operations import Convolution, Pooling
from sparktune.bundle.engines.program.translation import translate
from sparktune.errors import BundleError


def images(*stack: Any) -> Any:
    return keras.Sequential([keras.Input((9, 9, 2)), *stack])


def test_convolution_and_pooling() -> None:
    model = images(layers.Conv2D(4, 3, padding="same", use_bias=False), layers.MaxPooling2D((2, 3)))
    convolution, pooling = (step.operation for step in translate(model).steps)
    assert isinstance(convolution, Convolution)
    assert isinstance(pooling, Pooling)
    assert (convolution.kernel.shape, convolution.bias, convolution.same) == ((3, 3, 2, 4), None, True)
    assert (pooling.how, pooling.size) == ("max", (2, 3))
    assert translate(model).shapes[1:] == [tuple(layer.output.shape[1:]) for layer in model.layers]


@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.Conv2D(4, 3, strides=2),
        lambda: layers.Conv2D(4, 3, dilation_rate=2),
        lambda: layers.Conv2D(4, 3, groups=2),
        lambda: layers.AveragePooling2D(3, strides=1),
        lambda: layers.MaxPooling2D(2, padding="same"),
    ],
)
def test_other_settings_are_refused(layer: Any) -> None:
    with pytest.raises(BundleError, match="Keras predicts instead"):
        translate(images(layer()))
