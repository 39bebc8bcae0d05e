"""Formulas and kernels of the optimizers agree."""

import numpy as np
import pytest
import tensorflow as tf

from sparktune.training.engine import updates
from sparktune.training.engine.formulas import Gradient

NUMBERS = {
    "SGD": (0.1,),
    "MOMENTUM": (0.1, 0.9),
    "NESTEROV": (0.1, 0.9),
    "ADAGRAD": (0.1, 1e-7),
    "ADAM": (0.1, 0.9, 0.99, 1e-7, 0.9**3, 0.99**3),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_the_kernel_computes_the_formula(name):
    rule = getattr(updates, name)
    random = np.random.default_rng(0)
    weight, gradient, *slots = (random.random(5, np.float32) for _ in range(2 + rule.slots))
    variables = [tf.Variable(value) for value in (weight, *slots)]
    rule.kernel(variables[0], variables[1:], tf.constant(gradient), NUMBERS[name])
    new, new_slots = rule.formula(weight, slots, Gradient(gradient), [*map(tf.constant, NUMBERS[name])])
    for mine, theirs in zip([new, *new_slots], variables, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5)
        assert not np.allclose(theirs, 0)


def test_the_square_of_repeated_rows_is_the_sum_of_their_squares():
    repeated = tf.IndexedSlices(tf.constant([[1.0], [2.0]]), tf.constant([0, 0]), tf.constant([2, 1]))
    gradient = Gradient.of(repeated)
    assert gradient.value.numpy().tolist() == [[3.0], [0.0]]
    assert gradient.squared.numpy().tolist() == [[5.0], [0.0]]
    assert Gradient(tf.constant(3.0)).squared == 9
