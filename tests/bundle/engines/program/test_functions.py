"""Activation functions are those of Keras."""

from typing import get_args

import keras
import numpy as np
import pytest

from sparktune.bundle.engines.program.functions import FUNCTIONS, activate
from sparktune.bundle.engines.program.operations import Activation, Function

SLOPED = {"leaky_relu": 0.2}
X = np.concatenate([np.linspace(-120, 120, 4001), [0.0, -0.0, 1e-30, -1e-30, 1e30, -1e30]]).astype("f4")


@pytest.mark.parametrize("name", [name for name in get_args(Function) if name != "truncate"])
def test_it_is_what_keras_computes(name: Function) -> None:
    x = np.clip(X, -30, 30) if name in ("softmax", "exponential") else X
    x = x.reshape(-1, 1) * np.array([[1, 0.5, -1]], "f4")
    expected = np.asarray(getattr(keras.activations, name)(x))
    with np.errstate(over="ignore"):
        found = activate(Activation(name, SLOPED.get(name, 1.0)), x.copy())
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-6 if name == "gelu" else 2e-7)


def test_truncation_is_that_of_whole_numbers() -> None:
    assert activate(Activation("truncate"), np.array([2.7, -2.7], "f4")).tolist() == [2.0, -2.0]


def test_every_function_has_its_arithmetic() -> None:
    assert set(FUNCTIONS) == set(get_args(Function))


def test_not_a_number_stays_one() -> None:
    for name in get_args(Function):
        assert np.isnan(activate(Activation(name), np.full((1, 1), np.nan, "f4"))).all(), name
