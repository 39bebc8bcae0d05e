"""Models as bytes of `.keras` files."""

import numpy as np
import pytest

from sparktune.spec import BuilderSpec, MlpSpec, TrainingSpec
from sparktune.training import build_model
from sparktune.training.compiling import compile_for_training
from sparktune.training.saving import copied, keras_bytes


@pytest.fixture
def model(schema_of):
    schema = schema_of((4,))
    made = build_model(MlpSpec(neurons=3, batch_norm=True, dropout=0.1), schema)
    compile_for_training(made, TrainingSpec(), schema, 10)
    made.optimizer.build(made.trainable_variables)
    return made


def test_the_file_has_these_weights_and_the_model_keeps_its_own(model, loaded):
    before = model.get_weights()
    weights = [weight + 1 for weight in before]
    again = loaded(keras_bytes(model, weights))
    for mine, expected in zip(again.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(mine, expected)
    for mine, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, expected)
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]


def test_the_model_stays_compiled_and_the_file_is_not(model, loaded):
    again = loaded(keras_bytes(model, model.get_weights()))
    assert model.compiled and model.optimizer.built
    assert not again.compiled and getattr(again, "optimizer", None) is None


def test_a_copy_is_another_model(model):
    copy = copied(model)
    copy.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    assert any(weight.any() for weight in model.get_weights()) and not copy.compiled


def test_a_model_that_nobody_could_load_is_refused(schema_of, user_module):
    model = build_model(BuilderSpec(builder=f"{user_module}:stubborn"), schema_of((4,)))
    with pytest.raises(Exception, match="Stubborn"):
        keras_bytes(model, model.get_weights())
