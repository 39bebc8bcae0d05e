"""Losses that Keras does not have."""

import numpy as np
import pytest
import tensorflow as tf

from sparktune.training.losses import RootMeanSquaredError


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
