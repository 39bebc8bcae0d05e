"""The optimizers' update rules as arithmetic: a weight and its slots in, the next ones out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import tensorflow as tf

Numbers = Sequence[Any]
Slots = Sequence[Any]


@final
@dataclass(frozen=True)
class Gradient:
    """A gradient and its square; they do not follow from each other where rows of an embedding occur twice.

    Keras adds up the squares of such a row's parts, not its parts: `square` says so, and is None elsewhere.
    """

    value: Any
    square: Any = None

    @classmethod
    def of(cls, gradient: Any) -> "Gradient":
        """From what a tape gives."""
        if not isinstance(gradient, tf.IndexedSlices):
            return cls(gradient)
        squares = tf.IndexedSlices(tf.square(gradient.values), gradient.indices, gradient.dense_shape)
        return cls(tf.convert_to_tensor(gradient), tf.convert_to_tensor(squares))

    @property
    def squared(self) -> Any:
        """What second moments take in."""
        return tf.square(self.value) if self.square is None else self.square


Formula = Callable[[Any, Slots, Gradient, Numbers], tuple[Any, Slots]]


def sgd(weight: Any, slots: Slots, gradient: Gradient, numbers: Numbers) -> tuple[Any, Slots]:
    """Against the gradient."""
    (rate,) = numbers
    return weight - rate * gradient.value, ()


def momentum(weight: Any, slots: Slots, gradient: Gradient, numbers: Numbers) -> tuple[Any, Slots]:
    """Along a decaying sum of gradients."""
    rate, momentum = numbers
    velocity = momentum * slots[0] - rate * gradient.value
    return weight + velocity, (velocity,)


def nesterov(weight: Any, slots: Slots, gradient: Gradient, numbers: Numbers) -> tuple[Any, Slots]:
    """Momentum, with a look ahead."""
    rate, momentum = numbers
    velocity = momentum * slots[0] - rate * gradient.value
    return weight + momentum * velocity - rate * gradient.value, (velocity,)


def adagrad(weight: Any, slots: Slots, gradient: Gradient, numbers: Numbers) -> tuple[Any, Slots]:
    """By the sum of squares so far."""
    rate, epsilon = numbers
    total = slots[0] + gradient.squared
    return weight - rate * gradient.value * tf.math.rsqrt(total + epsilon), (total,)


def rmsprop(weight: Any, slots: Slots, gradient: Gradient, numbers: Numbers) -> tuple[Any, Slots]:
    """By a decaying mean of squares."""
    rate, rho, epsilon = numbers
    velocity = slots[0] + (1.0 - rho) * (gradient.squared - slots[0])
    return weight - rate * gradient.value * tf.math.rsqrt(velocity + epsilon), (velocity,)


def adam(weight: Any, slots: Slots, gradient: Gradient, numbers: Numbers) -> tuple[Any, Slots]:
    """By decaying means of gradients and of their squares, without the bias of their start."""
    rate, beta_1, beta_2, epsilon, power_1, power_2 = numbers
    mean = slots[0] + (1.0 - beta_1) * (gradient.value - slots[0])
    square = slots[1] + (1.0 - beta_2) * (gradient.squared - slots[1])
    scale = rate * tf.sqrt(1.0 - power_2) / (1.0 - power_1)
    return weight - scale * mean / (tf.sqrt(square) + epsilon), (mean, square)
