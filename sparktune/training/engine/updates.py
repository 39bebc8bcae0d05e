"""The optimizers' updates by TensorFlow's fused kernels, one pass over a weight, else by their formulas.

What a step needs besides its gradients (learning rate, bias corrections, momentum, clipping, decay) is
computed on the host, a row of numbers a step. So a rate, a schedule or a momentum is data, and one graph
serves them all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, final

import keras
import numpy as np
import tensorflow as tf

from sparktune.training.engine.formulas import (
    Formula,
    Gradient,
    Numbers,
    Slots,
    adagrad,
    adam,
    momentum,
    nesterov,
    rmsprop,
    sgd,
)

Kernel = Callable[[Any, Slots, Any, Numbers], None]  # weight, slots, gradient, numbers


def _sgd(weight: Any, slots: Slots, gradient: Any, numbers: Numbers) -> None:
    (rate,) = numbers
    tf.raw_ops.ResourceApplyGradientDescent(var=weight.handle, alpha=rate, delta=gradient)


def _momentum(weight: Any, slots: Slots, gradient: Any, numbers: Numbers, nesterov: bool) -> None:
    rate, momentum = numbers
    tf.raw_ops.ResourceApplyKerasMomentum(
        var=weight.handle,
        accum=slots[0].handle,
        lr=rate,
        grad=gradient,
        momentum=momentum,
        use_nesterov=nesterov,
    )


def _adagrad(weight: Any, slots: Slots, gradient: Any, numbers: Numbers) -> None:
    rate, epsilon = numbers
    tf.raw_ops.ResourceApplyAdagradV2(
        var=weight.handle, accum=slots[0].handle, lr=rate, epsilon=epsilon, grad=gradient
    )


def _adam(weight: Any, slots: Slots, gradient: Any, numbers: Numbers) -> None:
    rate, beta_1, beta_2, epsilon, power_1, power_2 = numbers
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
        grad=gradient,
    )


@final
@dataclass(frozen=True)
class Rule:
    """How one kind of optimizer updates a weight: formula, kernel, slots a weight, constants by attribute."""

    formula: Formula
    kernel: Kernel | None
    slots: int
    constants: tuple[str, ...] = ()
    powers: tuple[str, ...] = ()


SGD = Rule(sgd, _sgd, 0)
MOMENTUM = Rule(momentum, partial(_momentum, nesterov=False), 1, ("momentum",))
NESTEROV = Rule(nesterov, partial(_momentum, nesterov=True), 1, ("momentum",))
ADAGRAD = Rule(adagrad, _adagrad, 1, ("epsilon",))
# RMSprop's kernel wants a momentum slot, which Keras does not have.
RMSPROP = Rule(rmsprop, None, 1, ("rho", "epsilon"))
ADAM = Rule(adam, _adam, 2, ("beta_1", "beta_2", "epsilon"), powers=("beta_1", "beta_2"))


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
        """float32 (steps, numbers): what each of `steps` steps, counted from `first`, takes in."""
        count = np.arange(first, first + steps)
        constants = [getattr(optimizer, name) for name in self.rule.constants]
        powers = [
            np.float32(getattr(optimizer, n)) ** (count + 1).astype(np.float32) for n in self.rule.powers
        ]
        bound = optimizer.clipnorm or optimizer.clipvalue or 0.0
        columns = [bound, optimizer.weight_decay or 0.0, _rates(optimizer, count), *constants, *powers]
        return np.stack([np.broadcast_to(np.float32(column), steps) for column in columns], axis=1)

    def slots(self, optimizer: Any, weights: int) -> list[Any]:
        """The tf.Variables that an optimizer built for so many weights has for them, weight by weight."""
        count = self.rule.slots * weights
        return [variable.value for variable in optimizer.variables[len(optimizer.variables) - count :]]

    def apply(self, gradients: Sequence[Any], weights: Sequence[Any], slots: Sequence[Any], row: Any) -> None:
        """Update weights and slots, tf.Variables, in place; `row` is one of the table's."""
        bound, decay, *numbers = tf.unstack(row)
        for gradient, weight, own in zip(gradients, weights, self._each(slots, weights), strict=True):
            if gradient is None:
                continue
            if self.decay:
                weight.assign_sub(weight * (decay * numbers[0]))
            change = Gradient.of(self._clipped(gradient, bound))
            if self.rule.kernel is not None and change.square is None:
                self.rule.kernel(weight, own, change.value, numbers)
                continue
            new, new_slots = self.rule.formula(weight, own, change, numbers)
            for variable, value in zip((weight, *own), (new, *new_slots), strict=True):
                variable.assign(value)

    def applied(
        self, gradients: Sequence[Any], weights: Sequence[Any], slots: Sequence[Any], row: Any
    ) -> tuple[list[Any], list[Any]]:
        """What `apply` makes of weights and slots that are tensors."""
        bound, decay, *numbers = tf.unstack(row)
        new: list[Any] = []
        new_slots: list[Any] = []
        for gradient, weight, own in zip(gradients, weights, self._each(slots, weights), strict=True):
            if gradient is not None:
                decayed = weight - weight * (decay * numbers[0]) if self.decay else weight
                clipped = Gradient.of(self._clipped(gradient, bound))
                weight, own = self.rule.formula(decayed, own, clipped, numbers)
            new.append(weight)
            new_slots.extend(own)
        return new, new_slots

    def _each(self, slots: Sequence[Any], weights: Sequence[Any]) -> list[Slots]:
        """The slots of each weight."""
        count = self.rule.slots
        return [slots[n * count : (n + 1) * count] for n in range(len(weights))]

    def _clipped(self, gradient: Any, bound: Any) -> Any:
        if self.clip == "norm":
            return tf.clip_by_norm(gradient, bound)
        return tf.clip_by_value(gradient, -bound, bound) if self.clip else gradient


def _rates(optimizer: Any, steps: np.ndarray) -> np.ndarray:
    """The learning rate of each of these steps."""
    rate = optimizer.get_config()["learning_rate"]
    if isinstance(rate, dict):  # of a schedule
        schedule = keras.optimizers.schedules.deserialize(rate)
        return np.asarray(schedule(tf.constant(steps)), np.float32)
    return np.full(len(steps), rate, np.float32)
