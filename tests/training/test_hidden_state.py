"""State of a model that no checkpoint could hold is found."""

import re

import keras
import pytest
import tensorflow as tf

from sparktune.training.hidden_state import hidden_state


def model_of(*layers: keras.layers.Layer) -> keras.Model:
    return keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(2)])


class Counting(keras.layers.Layer):
    def build(self, shape):
        self.count = tf.Variable(0.0)

    def call(self, x):
        self.count.assign_add(1.0)
        return x * self.count


class Seeded(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.seeds = keras.random.SeedGenerator(1)

    def call(self, x, training=False):
        return keras.random.dropout(x, 0.5, seed=self.seeds)


class Looped(keras.layers.Layer):
    def call(self, x):
        return tf.while_loop(lambda n, x: n < 2, lambda n, x: (n + 1, x + tf.random.normal((3,))), (0, x))[1]


class Called(keras.layers.Layer):
    def call(self, x):
        return tf.reshape(tf.py_function(lambda x: x, [x], tf.float32), (-1, 3))


def test_variables_are_all_the_state_of_keras_layers():
    assert hidden_state(model_of(keras.layers.Dropout(0.5), keras.layers.GaussianNoise(0.1))) is None


def test_seeds_that_keras_knows_are_no_hidden_state():
    assert hidden_state(model_of(Seeded())) is None


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (Counting, "changes a variable that is not among model.variables"),
        (Looped, r"draws random numbers without a keras.random.SeedGenerator \(RandomStandardNormal\)"),
        (Called, "calls Python while it trains"),
    ],
)
def test_other_state_is_named(layer, why):
    reason = hidden_state(model_of(layer()))
    assert reason is not None
    assert re.search(why, reason)
