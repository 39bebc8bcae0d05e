"""A model computes with other variables and numbers than its own, for a while."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from sparktune.spec import MlpSpec
from sparktune.training import build_model
from sparktune.training.engine.binding import scalars_of, with_scalars, with_variables

X = np.ones((2, 3), np.float32)


@pytest.fixture
def model(schema_of):
    return build_model(MlpSpec(neurons=4, dropout=0.5, l1=0.1, l2=0.2), schema_of((3,)))


def test_scalars_are_rates_and_penalties(model):
    assert scalars_of(model) == pytest.approx([0.5, 0.1, 0.2])


def test_a_model_without_any_has_none(schema_of):
    assert scalars_of(build_model(MlpSpec(neurons=4), schema_of((3,)))) == []


def test_other_variables_count_inside_and_its_own_after(model):
    before = model(X).numpy()
    zeros = [tf.Variable(tf.zeros_like(variable.value)) for variable in model.variables]
    with with_variables(model, zeros, tf.unstack(tf.constant([0.5, 0.1, 0.2]))):
        np.testing.assert_allclose(model(X).numpy(), np.full((2, 3), 1 / 3), rtol=1e-6)
    np.testing.assert_array_equal(model(X).numpy(), before)


def test_other_numbers_count_inside_and_its_own_after(model):
    kernel = np.abs(model.layers[0].kernel.numpy())
    model(X)
    with with_scalars(model, tf.unstack(tf.constant([0.25, 1.0, 0.0]))):
        model(X, training=True)
        assert float(model.losses[0]) == pytest.approx(kernel.sum(), rel=1e-5)
    model(X)
    expected = 0.1 * kernel.sum() + 0.2 * (kernel**2).sum()
    assert float(model.losses[0]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("rate", [0.0, 0.9])
def test_a_lent_rate_drops_that_share(rate):
    model = keras.Sequential([keras.Input((1000,)), keras.layers.Dropout(0.5)])
    with with_scalars(model, [tf.constant(rate)]):
        dropped = float(np.mean(model(np.ones((10, 1000), np.float32), training=True) == 0))
    assert dropped == pytest.approx(rate, abs=0.05)


def test_a_failure_inside_leaves_the_model_as_it_was(model):
    before = model(X).numpy()
    zeros = [tf.Variable(tf.zeros_like(variable.value)) for variable in model.variables]
    with pytest.raises(KeyError), with_variables(model, zeros, [0.5, 0.1, 0.2]):
        raise KeyError
    np.testing.assert_array_equal(model(X).numpy(), before)
