"""Linear and softmax regression."""

from sparktune.spec import LinearSpec
from sparktune.training import build_model


def layers(model):
    return [type(layer).__name__ for layer in model.layers]


def test_one_neuron(schema_of):
    model = build_model(LinearSpec(), schema_of((1,), "regression", 1))
    assert layers(model) == ["Dense"] and model.count_params() == 2
    assert model.layers[0].activation.__name__ == "linear"


def test_softmax_regression_over_images(schema_of):
    model = build_model(LinearSpec(l2=0.1), schema_of((28, 28), outputs=10))
    assert layers(model) == ["Flatten", "Dense"] and model.count_params() == 7_850
    assert len(model.losses) == 1


def test_the_only_kernel_has_the_initializer(schema_of):
    model = build_model(LinearSpec(initializer="zeros"), schema_of((4,)))
    assert not model.layers[0].kernel.numpy().any()
