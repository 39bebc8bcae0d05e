"""What stacks of layers share: outputs, activations, normalisation, penalties, initializers."""

import typing

import keras
import numpy as np
import pytest

from sparktune.spec import CnnSpec, MlpSpec, RnnSpec
from sparktune.training import build_model
from sparktune.training.kinds.layered import Activation, Initializer


def layers(model):
    return [type(layer).__name__ for layer in model.layers]


def test_as_many_outputs_as_the_label_is_wide(schema_of):
    assert build_model(MlpSpec(), schema_of((4,), "regression", 3)).output_shape == (None, 3)


@pytest.mark.parametrize("activation", typing.get_args(Activation))
def test_every_activation(schema_of, activation):
    model = build_model(MlpSpec(neurons=3, activation=activation), schema_of((2,)))
    assert model.layers[0].activation is keras.activations.get(activation)


def test_normalisation_comes_before_the_activation_and_dropout_after(schema_of):
    model = build_model(MlpSpec(layers=2, batch_norm=True, dropout=0.3), schema_of((4,)))
    assert layers(model) == ["Dense", "BatchNormalization", "Activation", "Dropout"] * 2 + ["Dense"]
    assert not model.layers[0].use_bias and model.layers[3].rate == 0.3


def test_penalties_are_on_hidden_kernels(schema_of):
    model = build_model(MlpSpec(hidden=[3], l1=0.5, l2=0.25), schema_of((2,)))
    kernel = model.layers[0].kernel.numpy()
    assert float(model.losses[0]) == pytest.approx(
        0.5 * np.abs(kernel).sum() + 0.25 * (kernel**2).sum(), rel=1e-5
    )


@pytest.mark.parametrize("initializer", typing.get_args(Initializer))
def test_every_initializer_is_that_of_keras(schema_of, initializer):
    model = build_model(MlpSpec(neurons=3, initializer=initializer), schema_of((2,)))
    expected = type(keras.initializers.get(initializer))
    assert [type(layer.kernel_initializer) for layer in model.layers] == [expected] * 2


@pytest.mark.parametrize("spec", [CnnSpec(initializer="he_normal"), RnnSpec(initializer="he_normal")])
def test_kernels_of_every_kind_have_the_initializer(schema_of, spec):
    model = build_model(spec, schema_of((12, 12)))
    kernels = [layer.kernel_initializer for layer in model.layers if hasattr(layer, "kernel_initializer")]
    assert {type(initializer).__name__ for initializer in kernels} == {"HeNormal"} and len(kernels) > 1
