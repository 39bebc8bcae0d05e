"""Losses that Keras does not have."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from sparktune.columns.schema import Scaling, Schema
from sparktune.spec import BuilderSpec, MlpSpec
from sparktune.training import build_model
from sparktune.training.losses import CLASSES, OfScaledLabel, RootMeanSquaredError
from sparktune.training.objective import NUMERIC_LOSSES


def test_it_is_the_root_of_the_mean_square_with_row_weights():
    y, guess = np.array([[0.0], [0.0], [0.0]], np.float32), np.array([[3.0], [4.0], [9.0]], np.float32)
    loss = RootMeanSquaredError()
    assert float(loss(y[:2], guess[:2])) == pytest.approx(np.sqrt(12.5))
    weight = np.array([1.0, 1.0, 0.0], np.float32)
    assert float(loss(y, guess, weight)) == pytest.approx(np.sqrt(25 / 3))


def test_its_slope_is_finite_where_nothing_is_wrong():
    guess = tf.Variable([[1.0], [2.0]])
    with tf.GradientTape() as tape:
        value = RootMeanSquaredError()(np.array([[1.0], [2.0]], np.float32), guess)
    assert np.isfinite(value) and np.all(np.isfinite(tape.gradient(value, guess)))


@pytest.mark.parametrize("loss", NUMERIC_LOSSES)
def test_a_loss_of_scaled_numbers_is_the_loss_of_what_they_are_scaled_to(loss: str) -> None:
    random = np.random.default_rng(0)
    y, output = (random.normal(size=(9, 2)).astype("float32") for _ in range(2))
    offset, scale = np.array([100.0, -3.0], "float32"), np.array([5.0, 0.5], "float32")
    scaled = OfScaledLabel(loss, offset.tolist(), scale.tolist())
    again = keras.losses.deserialize(keras.losses.serialize(scaled))
    weight = random.random(9).astype("float32")
    inner = getattr(keras.losses, CLASSES[loss])() if loss in CLASSES else RootMeanSquaredError()
    for found in (scaled, again):
        value = found(y * scale + offset, output * scale + offset, weight)
        assert float(value) == pytest.approx(float(inner(y, output, weight)), rel=1e-4)


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("model", [MlpSpec(), BuilderSpec(builder=f"{__name__}:functional")])
def test_a_model_of_scaled_numbers_gives_their_own_units(schema_of, model, outputs) -> None:
    plain = schema_of((3,), "regression", outputs)
    offset, scale = (10.0, 20.0)[:outputs], (2.0, 3.0)[:outputs]
    schema = plain.model_copy(update={"label_scaling": Scaling(offset=offset, scale=scale)})
    x = np.eye(3, dtype="float32")
    bare, whole = build_model(model, plain), build_model(model, schema)
    whole.set_weights(bare.get_weights())
    np.testing.assert_allclose(whole(x), bare(x) * np.array(scale) + offset, rtol=1e-5)
    assert Schema.model_validate_json(schema.model_dump_json()) == schema


def functional(params, input_shape, outputs):
    """A builder's model that is no stack."""
    inputs = keras.Input(input_shape)
    return keras.Model(inputs, keras.layers.Dense(outputs)(inputs))
