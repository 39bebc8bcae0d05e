"""Flags and numbers of a model are read, and put back."""

import keras
import pytest

from sparktune.training.layer_values import (
    numbers_of,
    owners_of_numbers,
    set_numbers,
    set_trainable,
    trainable_flags,
)


@pytest.fixture
def model() -> keras.Model:
    hidden = keras.layers.Dense(2, kernel_regularizer=keras.regularizers.L2(0.1))
    model = keras.Sequential([keras.Input((3,)), hidden, keras.layers.Dropout(0.25)])
    model.compile(keras.optimizers.SGD(0.5, momentum=0.9), "mse")
    return model


def test_flags_are_those_of_layers_then_variables(model: keras.Model) -> None:
    before = trainable_flags(model)
    model.layers[0].trainable = False
    assert all(before[:3]) and not all(trainable_flags(model))
    set_trainable(model, before)
    assert trainable_flags(model) == before


def test_numbers_are_those_of_layers_penalties_and_the_optimizer(model: keras.Model) -> None:
    owners = owners_of_numbers(model)
    numbers = [numbers_of(owner) for owner in owners]
    known = [found for found in numbers if found]
    assert [sorted(found) for found in known] == [["rate"], ["l2"], ["momentum"]]
    assert known[0] == {"rate": 0.25} and known[2] == {"momentum": 0.9}
    model.layers[1].rate, model.layers[0].kernel.regularizer.l2, model.optimizer.momentum = 0.5, 0.2, 0.1
    for owner, found in zip(owners, numbers, strict=True):
        set_numbers(owner, found)
    assert [numbers_of(owner) for owner in owners] == numbers
