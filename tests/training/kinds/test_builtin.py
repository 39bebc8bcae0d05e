"""Built-in models: the exact ones of the field's first lessons, and every option of every kind."""

import typing

import keras
import numpy as np
import pytest

from sparktune.columns.schema import Scaling
from sparktune.errors import ModelError
from sparktune.spec import BuilderSpec, CnnSpec, LinearSpec, MlpSpec, RnnSpec
from sparktune.spec.model import Activation
from sparktune.training import build_model


def layers(model):
    return [type(layer).__name__ for layer in model.layers]


def test_784_128_10(schema_of):
    model = build_model(MlpSpec(hidden=[128]), schema_of((28, 28), outputs=10))
    assert layers(model) == ["Flatten", "Dense", "Dense"]
    assert model.count_params() == 784 * 128 + 128 + 128 * 10 + 10 == 101_770
    assert [layer.activation.__name__ for layer in model.layers[1:]] == ["relu", "softmax"]


def test_784_100_75_10(schema_of):
    model = build_model(MlpSpec(hidden=[100, 75], activation="sigmoid"), schema_of((784,), outputs=10))
    assert layers(model) == ["Dense", "Dense", "Dense"]
    assert model.count_params() == 78_500 + 7_575 + 760 == 86_835


def test_two_convolutions_and_a_dense_head(schema_of):
    model = build_model(CnnSpec(filters=[32, 64], hidden=[128]), schema_of((28, 28), outputs=10))
    blocks = ["Conv2D", "MaxPooling2D"] * 2
    assert layers(model) == ["Reshape", *blocks, "Flatten", "Dense", "Dense"]
    assert [tuple(layer.output.shape[1:]) for layer in model.layers[1:6]] == [
        (26, 26, 32),
        (13, 13, 32),
        (11, 11, 64),
        (5, 5, 64),
        (1600,),
    ]
    assert model.count_params() == 320 + 18_496 + 204_928 + 1_290 == 225_034


def test_embedding_recurrent_sigmoid(schema_of):
    spec = RnnSpec(cell="simple_rnn", units=32, vocabulary=10_000, embedding=32)
    model = build_model(spec, schema_of((500,), "binary", 1))
    assert layers(model) == ["Embedding", "SimpleRNN", "Dense"]
    assert model.count_params() == 320_000 + 2_080 + 33
    assert model.layers[-1].activation.__name__ == "sigmoid"


def test_one_neuron(schema_of):
    model = build_model(LinearSpec(), schema_of((1,), "regression", 1))
    assert layers(model) == ["Dense"] and model.count_params() == 2
    assert model.layers[0].activation.__name__ == "linear"


def test_softmax_regression_over_images(schema_of):
    model = build_model(LinearSpec(l2=0.1), schema_of((28, 28), outputs=10))
    assert layers(model) == ["Flatten", "Dense"] and model.count_params() == 7_850
    assert len(model.losses) == 1


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


def test_convolution_options(schema_of):
    spec = CnnSpec(
        filters=[4], kernel=5, pooling="average", pool_size=3, padding="same", dropout=0.1, hidden=[]
    )
    model = build_model(spec, schema_of((9, 9, 3)))
    assert layers(model) == ["Conv2D", "AveragePooling2D", "Dropout", "Flatten", "Dense"]
    assert model.layers[1].output.shape == (None, 3, 3, 4)
    assert "Pooling" not in str(layers(build_model(CnnSpec(pooling="none"), schema_of((9, 9)))))


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_recurrent_layers_over_numbers(schema_of, cell):
    spec = RnnSpec(cell=cell, units=4, layers=2, bidirectional=True, dropout=0.1, hidden=[5])
    model = build_model(spec, schema_of((7,)))
    assert layers(model) == [
        "Reshape",
        "Bidirectional",
        "Dropout",
        "Bidirectional",
        "Dropout",
        "Dense",
        "Dropout",
        "Dense",
    ]
    assert model.layers[1].output.shape == (None, 7, 8) and model.layers[3].output.shape == (None, 8)


def test_recurrent_layers_over_vectors(schema_of):
    assert layers(build_model(RnnSpec(units=2), schema_of((7, 3)))) == ["LSTM", "Dense"]


@pytest.mark.parametrize(
    "scaling",
    [
        Scaling(offset=(0.0,), scale=(255.0,)),
        Scaling(offset=(3.0,), scale=(2.0,)),
        Scaling(offset=(100.0, 2e-9, -5.0, 0.0, 7.0, 1e6), scale=(5.0, 1e-9, 2.0, 1.0, 1.0, 10.0)),
    ],
)
def test_scaling_is_inside_and_survives_saving(schema_of, scaling, tmp_path):
    model = build_model(MlpSpec(neurons=3), schema_of((2, 3), scaling=scaling))
    head = [type(layer).__name__ for layer in model.layers].index("Flatten")
    offset, scale = (np.resize(numbers, (2, 3)) for numbers in (scaling.offset, scaling.scale))
    x = (offset + scale * np.arange(6).reshape(1, 2, 3)).astype(np.float32)
    scaled = keras.Sequential(model.layers[:head])(x).numpy()
    np.testing.assert_allclose(scaled[0], np.arange(6).reshape(2, 3), rtol=1e-5, atol=1e-5)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    np.testing.assert_array_equal(again(x).numpy(), model(x).numpy())


def test_images_are_not_guessed(schema_of):
    with pytest.raises(ModelError, match=r"images .* but the input has shape \(784,\); .*kind: mlp"):
        build_model(CnnSpec(), schema_of((784,)))


def test_scaled_inputs_reach_the_users_model(schema_of, user_module):
    plain = build_model(BuilderSpec(builder=f"{user_module}:good"), schema_of((6,)))
    assert layers(plain) == ["Dense", "Doubled", "Dense"]
    scaled = build_model(
        BuilderSpec(builder=f"{user_module}:good", params={"units": 9}),
        schema_of((6,), scaling=Scaling(offset=(1.0,), scale=(2.0,))),
    )
    assert layers(scaled) == ["InputLayer", "Rescaling", "Rescaling", "Sequential"]
    x = np.full((1, 6), 5, np.float32)
    np.testing.assert_allclose(scaled(x), scaled.layers[-1]((x - 1) / 2), rtol=1e-6)


@pytest.mark.parametrize("function", ["free", "unbuilt"])
def test_models_without_a_known_input_get_one(schema_of, user_module, function):
    model = build_model(BuilderSpec(builder=f"{user_module}:{function}"), schema_of((6,)))
    assert model.input_shape == (None, 6) and model.output_shape == (None, 3)
