"""The optimizers' update rules as TensorFlow's fused kernels: one pass over a weight instead of ten.

What a step needs besides its gradients (learning rate, bias corrections, momentum, clipping, decay) is
computed on the host, a row of numbers a step. So a rate, a schedule or a momentum is data, and one graph
serves them all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

import keras
import numpy as np
import tensorflow as tf

Numbers = Sequence[Any]
Slots = Sequence[Any]


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


Apply = Callable[[Any, Slots, Gradient, Numbers], None]


def _sgd(weight: Any, slots: Slots, gradient: Gradient, numbers: Numbers) -> None:
    (rate,) = numbers
    tf.raw_ops.ResourceApplyGradientDescent(var=weight.handle, alpha=rate, delta=gradient.value)


def _momentum(
    weight: Any, slots: Slots, gradient: Gradient, numbers: Numbers, nesterov: bool = False
) -> None:
    rate, momentum = numbers
    tf.raw_ops.ResourceApplyKerasMomentum(
        var=weight.handle,
        accum=slots[0].handle,
        lr=rate,
        grad=gradient.value,
        momentum=momentum,
        use_nesterov=nesterov,
    )


def _nesterov(weight: Any, slots: Slots, gradient: Gradient, numbers: Numbers) -> None:
    _momentum(weight, slots, gradient, numbers, nesterov=True)


def _adagrad(weight: Any, slots: Slots, gradient: Gradient, numbers: Numbers) -> None:
    rate, epsilon = numbers
    if gradient.square is not None:
        total = slots[0].assign_add(gradient.square)
        weight.assign_sub(rate * gradient.value * tf.math.rsqrt(total + epsilon))
        return
    tf.raw_ops.ResourceApplyAdagradV2(
        var=weight.handle, accum=slots[0].handle, lr=rate, epsilon=epsilon, grad=gradient.value
    )


def _rmsprop(weight: Any, slots: Slots, gradient: Gradient, numbers: Numbers) -> None:
    # The fused kernel wants a momentum slot, which Keras does not have.
    rate, rho, epsilon = numbers
    square = tf.square(gradient.value) if gradient.square is None else gradient.square
    velocity = slots[0].assign_add((1.0 - rho) * (square - slots[0]))
    weight.assign_sub(rate * gradient.value * tf.math.rsqrt(velocity + epsilon))


def _adam(weight: Any, slots: Slots, gradient: Gradient, numbers: Numbers) -> None:
    rate, beta_1, beta_2, epsilon, power_1, power_2 = numbers
    if gradient.square is not None:
        mean = slots[0].assign_add((1.0 - beta_1) * (gradient.value - slots[0]))
        square = slots[1].assign_add((1.0 - beta_2) * (gradient.square - slots[1]))
        scale = rate * tf.sqrt(1.0 - power_2) / (1.0 - power_1)
        weight.assign_sub(scale * mean / (tf.sqrt(square) + epsilon))
        return
    tf.raw_ops.ResourceApplyAdam(
        var=weight.handle,
        m=slots[0].handle,
        v=slots[1].handle,
        beta1_power=power_1,
        beta2_power=power_2,
        lr=rate,
        beta1=beta_1,
        beta2=beta_2,
        epsilon=epsilon,
        grad=gradient.value,
    )


@dataclass(frozen=True)
class Rule:
    """How one kind of optimizer updates a weight: kernel, slots a weight, constants by attribute."""

    apply: Apply
    slots: int
    constants: tuple[str, ...] = ()
    powers: tuple[str, ...] = ()


SGD = Rule(_sgd, 0)
MOMENTUM = Rule(_momentum, 1, ("momentum",))
NESTEROV = Rule(_nesterov, 1, ("momentum",))
ADAGRAD = Rule(_adagrad, 1, ("epsilon",))
RMSPROP = Rule(_rmsprop, 1, ("rho", "epsilon"))
ADAM = Rule(_adam, 2, ("beta_1", "beta_2", "epsilon"), powers=("beta_1", "beta_2"))


def rule_of(optimizer: Any) -> Rule | None:
    """The optimizer's rule; None where it has none here, as for AMSGrad or a user's own class."""
    match type(optimizer):
        case keras.optimizers.SGD if optimizer.momentum:
            return NESTEROV if optimizer.nesterov else MOMENTUM
        case keras.optimizers.SGD:
            return SGD
        case keras.optimizers.Adagrad:
            return ADAGRAD
        case keras.optimizers.RMSprop if not (optimizer.centered or optimizer.momentum):
            return RMSPROP
        case keras.optimizers.Adam | keras.optimizers.AdamW if not optimizer.amsgrad:
            return ADAM
        case _:
            return None


@final
@dataclass(frozen=True)
class Updates:
    """All updates of one step, as an optimizer of this kind makes them: clip, decay, apply."""

    rule: Rule
    clip: Literal["", "norm", "value"]
    decay: bool

    @classmethod
    def of(cls, optimizer: Any) -> "Updates":
        """The updates of a Keras optimizer.

        Raises:
            ValueError: it has no rule.
        """
        rule = rule_of(optimizer)
        if rule is None:
            raise ValueError(f"optimizer must have a fused kernel, but got {type(optimizer).__name__}")
        clip: Literal["", "norm", "value"] = (
            "norm" if optimizer.clipnorm else "value" if optimizer.clipvalue else ""
        )
        return cls(rule, clip, optimizer.weight_decay is not None)

    def table(self, optimizer: Any, first: int, steps: int) -> np.ndarray:
        """float32 (steps, numbers): what each of `steps` steps, counted from `first`, is told."""
        count = np.arange(first, first + steps)
        constants = [getattr(optimizer, name) for name in self.rule.constants]
        powers = [
            np.float32(getattr(optimizer, n)) ** (count + 1).astype(np.float32) for n in self.rule.powers
        ]
        bound = optimizer.clipnorm or optimizer.clipvalue or 0.0
        columns = [bound, optimizer.weight_decay or 0.0, _rates(optimizer, count), *constants, *powers]
        return np.stack([np.broadcast_to(np.float32(column), steps) for column in columns], axis=1)

    def slots(self, optimizer: Any) -> list[Any]:
        """The built optimizer's tf.Variables that belong to weights, weight by weight."""
        count = self.rule.slots * len(optimizer._trainable_variables)
        return [variable.value for variable in optimizer.variables[len(optimizer.variables) - count :]]

    def apply(self, gradients: Sequence[Any], weights: Sequence[Any], slots: Sequence[Any], row: Any) -> None:
        """Update weights and slots in place; `row` is one of the table's."""
        bound, decay, *numbers = tf.unstack(row)
        each = self.rule.slots
        for index, (gradient, weight) in enumerate(zip(gradients, weights, strict=True)):
            if gradient is None:
                continue
            if self.decay:
                weight.assign_sub(weight * (decay * numbers[0]))
            clipped = Gradient.of(self._clipped(gradient, bound))
            self.rule.apply(weight, slots[index * each : (index + 1) * each], clipped, numbers)

    def _clipped(self, gradient: Any, bound: Any) -> Any:
        if self.clip == "norm":
            return tf.clip_by_norm(gradient, bound)
        return tf.clip_by_value(gradient, -bound, bound) if self.clip else gradient


def _rates(optimizer: Any, steps: np.ndarray) -> np.ndarray:
    schedule = optimizer._learning_rate
    if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        return np.asarray(schedule(tf.constant(steps)), np.float32)
    return np.full(len(steps), float(optimizer.learning_rate), np.float32)
