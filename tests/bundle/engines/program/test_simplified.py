"""Fewer steps, the same numbers."""

import keras
import numpy as np
import pytest
from keras import layers

from sparktune.bundle.engines.program.simplified import simplified
from sparktune.bundle.engines.program.translation import translate
from tests.bundle.engines.program.networks import NETWORKS, assert_computes, network, rows


@pytest.mark.parametrize("name", NETWORKS)
def test_it_computes_what_keras_does(name: str) -> None:
    model = network(name)
    assert_computes(simplified(translate(model)), model, rows(model))


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("scaled_chain", ["affine", "dense", "activation", "dense", "activation", "dense", "activation"]),
        ("images", ["reshape", "affine", "dense", "activation", "dense", "activation"]),
    ],
)
def test_scaling_and_normalisation_go_into_dense_layers(name: str, steps: list[str]) -> None:
    program = simplified(translate(network(name)))
    assert [step.operation.name for step in program.steps] == steps
    (first,) = [step.operation for step in program.steps if step.operation.name == "affine"][:1]
    assert first.scale is first.after is None  # type: ignore[attr-defined]


def test_numbers_far_from_zero_keep_their_digits() -> None:
    """What is subtracted first stays first: 1.6e9 seconds and 40 more differ."""
    x = (1.6e9 + np.arange(0, 4096, 128)[:, None] * np.ones((1, 3))).astype(np.float32)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Rescaling(1.0, offset=-1.6e9),
            layers.Rescaling(1 / 4096),
            layers.Dense(4, "tanh"),
            layers.Dense(1),
        ]
    )
    assert_computes(simplified(translate(model)), model, x)


def test_a_scale_of_zero_is_left_where_it_is() -> None:
    model = keras.Sequential([keras.Input((2,)), layers.Rescaling([0.0, 1.0], offset=3.0), layers.Dense(1)])
    assert_computes(simplified(translate(model)), model, rows(model))
