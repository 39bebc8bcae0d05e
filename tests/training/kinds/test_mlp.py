"""The multi-layer perceptron: the exact ones of the field's first lessons."""

from sparktune.spec import MlpSpec
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


def test_hidden_makes_width_and_number_of_equal_layers_idle():
    assert set(MlpSpec(hidden=[3]).idle({})) == set(MlpSpec().idle({"hidden"})) == {"neurons", "layers"}
    assert MlpSpec().idle({"neurons"}) == {}
