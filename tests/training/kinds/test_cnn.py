"""The convolutional network: its layers, and images that it uses up."""

import pytest

from sparktune.errors import ModelError
from sparktune.spec import CnnSpec
from sparktune.training import build_model, check_model


def layers(model):
    return [type(layer).__name__ for layer in model.layers]


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


def test_convolution_options(schema_of):
    spec = CnnSpec(
        filters=[4], kernel=5, pooling="average", pool_size=3, padding="same", dropout=0.1, hidden=[]
    )
    model = build_model(spec, schema_of((9, 9, 3)))
    assert layers(model) == ["Conv2D", "AveragePooling2D", "Dropout", "Flatten", "Dense"]
    assert model.layers[1].output.shape == (None, 3, 3, 4)
    assert "Pooling" not in str(layers(build_model(CnnSpec(pooling="none"), schema_of((9, 9)))))


def test_images_are_not_guessed(schema_of):
    with pytest.raises(ModelError, match=r"images .* but the input has shape \(784,\); .*kind: mlp"):
        build_model(CnnSpec(), schema_of((784,)))


@pytest.mark.parametrize(
    ("model", "space", "shape"),
    [
        ({"kind": "cnn", "filters": [8, 8]}, {"kernel": [3, 5]}, (8, 8)),
        ({"kind": "cnn", "kernel": 5}, {"pool_size": [1, 3], "padding": ["same", "valid"]}, (12, 12)),
        ({"kind": "cnn"}, {"filters": [[4], [4, 4, 4, 4]]}, (20, 20, 3)),
        (
            {"kind": "cnn", "padding": "same"},
            {"kernel": {"low": 1, "high": 9}, "pooling": ["none", "max"]},
            (2, 9),
        ),
    ],
)
def test_images_that_some_choice_uses_up(schema_of, spec_of, model, space, shape):
    with pytest.raises(
        ModelError, match=r"block \d of \d has no (rows|columns) left of \d+ \(kernel .*use padding"
    ):
        check_model(spec_of(space, model=model), schema_of(shape))
