"""Activation functions in NumPy, as Keras computes them: float32 in and out, written over what goes in."""

from collections.abc import Callable

import numpy as np

from sparktune.bundle.engines.program.operations import Activation, Function

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
# erf(x) is x * ERF_TOP(x^2) / ERF_BOTTOM(x^2) for |x| <= 4, to the precision of float32 (as in Eigen, XLA).
ERF_TOP = (
    -2.72614225801306e-10,
    2.77068142495902e-08,
    -2.10102402082508e-06,
    -5.69250639462346e-05,
    -7.34990630326855e-04,
    -2.95459980854025e-03,
    -1.60960333262415e-02,
)
ERF_BOTTOM = (
    -1.45660718464996e-05,
    -2.13374055278905e-04,
    -1.68282697438203e-03,
    -7.37332916720468e-03,
    -1.42647390514189e-02,
)


def activate(activation: Activation, x: np.ndarray) -> np.ndarray:
    """The function of every number of x, (rows, ...) float32, which may be written over."""
    return FUNCTIONS[activation.function](x, np.float32(activation.alpha))


def _relu(x: np.ndarray, _: np.float32) -> np.ndarray:
    np.maximum(x, 0, out=x)
    return x


def _sigmoid(x: np.ndarray, _: np.float32) -> np.ndarray:
    """No intermediate overflows, and small probabilities keep their digits."""
    small = np.exp(-np.abs(x))
    whole = np.where(x >= 0, np.float32(1), small)
    small += 1
    np.divide(whole, small, out=x)
    return x


def _softmax(x: np.ndarray, _: np.float32) -> np.ndarray:
    x -= x.max(axis=-1, keepdims=True)
    np.exp(x, out=x)
    x /= x.sum(axis=-1, keepdims=True)
    return x


def _elu(x: np.ndarray, alpha: np.float32) -> np.ndarray:
    negative = np.expm1(np.minimum(x, 0))
    negative *= alpha
    return np.where(x > 0, x, negative)


def _selu(x: np.ndarray, _: np.float32) -> np.ndarray:
    found = _elu(x, np.float32(SELU_ALPHA))
    found *= np.float32(SELU_SCALE)
    return found


def _leaky_relu(x: np.ndarray, alpha: np.float32) -> np.ndarray:
    return np.where(x > 0, x, alpha * x)


def _silu(x: np.ndarray, alpha: np.float32) -> np.ndarray:
    found = _sigmoid(x.copy(), alpha)
    found *= x
    return found


def _softplus(x: np.ndarray, _: np.float32) -> np.ndarray:
    found: np.ndarray = np.log1p(np.exp(-np.abs(x)))
    found += np.maximum(x, 0)
    return found


def _gelu(x: np.ndarray, _: np.float32) -> np.ndarray:
    found = _erf(x * np.float32(0.5**0.5))
    found += 1
    found *= x
    found *= np.float32(0.5)
    return found


def _erf(x: np.ndarray) -> np.ndarray:
    np.clip(x, -4, 4, out=x)
    square = x * x
    x *= _polynomial(ERF_TOP, square)
    x /= _polynomial(ERF_BOTTOM, square)
    return x


def _polynomial(factors: tuple[float, ...], x: np.ndarray) -> np.ndarray:
    found = np.full_like(x, factors[0])
    for factor in factors[1:]:
        found *= x
        found += np.float32(factor)
    return found


FUNCTIONS: dict[Function, Callable[[np.ndarray, np.float32], np.ndarray]] = {
    "elu": _elu,
    "exponential": lambda x, _: np.exp(x, out=x),
    "gelu": _gelu,
    "hard_sigmoid": lambda x, _: np.clip((x + np.float32(3)) / np.float32(6), 0, 1),
    "leaky_relu": _leaky_relu,
    "relu": _relu,
    "relu6": lambda x, _: np.clip(x, 0, 6, out=x),
    "selu": _selu,
    "sigmoid": _sigmoid,
    "silu": _silu,
    "softmax": _softmax,
    "softplus": _softplus,
    "softsign": lambda x, _: x / (1 + np.abs(x)),
    "tanh": lambda x, _: np.tanh(x, out=x),
    "truncate": lambda x, _: np.trunc(x, out=x),
}
