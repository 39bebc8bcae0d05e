"""A model becomes a program that computes the same."""

from pathlib import Path

import keras
import pytest
from keras import layers

from sparktune.bundle.engines.program.translation import translate
from tests.bundle.engines.program.networks import NETWORKS, assert_computes, network, rows


@pytest.mark.parametrize("name", NETWORKS)
def test_a_program_computes_what_keras_does(name: str) -> None:
    model = network(name)
    assert_computes(translate(model), model, rows(model))


def test_a_saved_model_that_is_loaded_again_is_the_same_program(tmp_path: Path) -> None:
    model = network("mixed_columns")
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert_computes(translate(again), model, rows(model))


def test_a_model_inside_another_one_is_translated_where_it_is_called() -> None:
    inner_inputs, inputs = keras.Input((4,)), keras.Input((4,))
    inner = keras.Model(inner_inputs, layers.Dense(3, "relu")(inner_inputs))
    for model in (
        keras.Model(inputs, inner(layers.Rescaling(0.5)(inputs))),
        keras.Model(inputs, layers.Dense(1)(inner(inputs))),
    ):
        assert_computes(translate(model), model, rows(model))
