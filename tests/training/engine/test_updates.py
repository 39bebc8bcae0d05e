"""Optimizers' updates: by TensorFlow's kernels, and by formulas, as Keras makes them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from sparktune.training.engine.updates import Updates, rule_of

OPTIMIZERS = {
    "sgd": lambda **given: keras.optimizers.SGD(0.1, **given),
    "momentum": lambda **given: keras.optimizers.SGD(0.1, momentum=0.8, **given),
    "nesterov": lambda **given: keras.optimizers.SGD(0.1, momentum=0.8, nesterov=True, **given),
    "adagrad": lambda **given: keras.optimizers.Adagrad(0.1, **given),
    "rmsprop": lambda **given: keras.optimizers.RMSprop(0.1, **given),
    "adam": lambda **given: keras.optimizers.Adam(0.1, **given),
    "adamw": lambda **given: keras.optimizers.AdamW(0.1, **given),
}
START, GRADIENTS = np.array([1.0, -2.0, 3.0], np.float32), np.array([[0.5, -4.0, 1.0], [1.0, 1.0, -9.0]])


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize(
    "options", [{}, {"clipnorm": 1.0, "weight_decay": 0.1}, {"clipvalue": 0.75}], ids=str
)
def test_two_steps_are_those_of_keras(name, options):
    theirs, weight = OPTIMIZERS[name](**options), keras.Variable(START)
    mine, own = OPTIMIZERS[name](**options), keras.Variable(START)
    mine.build([own])
    updates = Updates.of(mine)
    slots, table = updates.slots(mine, 1), updates.table(mine, 0, 2)
    tensors, tensor_slots = [tf.constant(START)], [tf.identity(slot) for slot in slots]
    for row, gradient in zip(table, tf.constant(GRADIENTS, tf.float32), strict=True):
        theirs.apply([gradient], [weight])
        updates.apply([gradient], [own.value], slots, tf.constant(row))
        tensors, tensor_slots = updates.applied([gradient], tensors, tensor_slots, tf.constant(row))
    np.testing.assert_allclose(own.numpy(), weight.numpy(), rtol=1e-5)
    np.testing.assert_allclose(tensors[0], weight.numpy(), rtol=1e-5)


def test_a_weight_without_a_gradient_stays():
    optimizer, weight = OPTIMIZERS["adam"](), keras.Variable(START)
    optimizer.build([weight])
    updates = Updates.of(optimizer)
    updates.apply(
        [None], [weight.value], updates.slots(optimizer, 1), tf.constant(updates.table(optimizer, 0, 1)[0])
    )
    np.testing.assert_array_equal(weight.numpy(), START)


@pytest.mark.parametrize(
    "schedule",
    [
        keras.optimizers.schedules.CosineDecay(0.5, 10),
        keras.optimizers.schedules.ExponentialDecay(0.5, 5, 0.9),
    ],
)
def test_a_schedule_gives_each_step_its_rate(schedule):
    optimizer = keras.optimizers.SGD(schedule)
    rates = Updates.of(optimizer).table(optimizer, 3, 4)[:, 2]
    np.testing.assert_allclose(rates, [float(schedule(step)) for step in range(3, 7)], rtol=1e-6)


def test_a_rate_that_a_callback_has_lowered_counts():
    optimizer = keras.optimizers.Adam(0.5)
    optimizer.learning_rate = 0.25
    assert Updates.of(optimizer).table(optimizer, 0, 2)[:, 2].tolist() == [0.25, 0.25]


@pytest.mark.parametrize(
    "optimizer",
    [
        keras.optimizers.Adam(amsgrad=True),
        keras.optimizers.RMSprop(momentum=0.5),
        keras.optimizers.RMSprop(centered=True),
        keras.optimizers.Ftrl(),
        type("Own", (keras.optimizers.SGD,), {})(),
    ],
)
def test_others_have_no_rule(optimizer):
    assert rule_of(optimizer) is None
    with pytest.raises(ValueError, match=f"got {type(optimizer).__name__}"):
        Updates.of(optimizer)
