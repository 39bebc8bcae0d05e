"""Gives a model other variables and numbers while a graph is traced, so that the graph is no one model's."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from sparktune.training.engine.structure import all_layers

PENALTIES = (keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2)


def scalars_of(model: Any) -> list[float]:
    """Dropout rates and weight penalties: the numbers inside a model that a graph takes as inputs."""
    penalties = [
        penalty for variable in _penalised(model) for penalty in _penalties(variable.regularizer).values()
    ]
    return [*(layer.rate for layer in _dropout_layers(model)), *penalties]


@contextmanager
def with_variables(model: Any, variables: Sequence[Any], scalars: Sequence[Any]) -> Iterator[None]:
    """Within the context the model computes with these tf.Variables and scalar tensors instead of its own.

    They come in the order of `model.variables`, which does not change where a callback freezes a layer.
    """
    with ExitStack() as undo:
        for own, other in zip(model.variables, variables, strict=True):
            undo.enter_context(_replaced(own, "_value", other))
        undo.enter_context(with_scalars(model, scalars))
        yield


@contextmanager
def with_scalars(model: Any, scalars: Sequence[Any]) -> Iterator[None]:
    """Within the context the model computes with these scalar tensors instead of its own numbers."""
    numbers = iter(scalars)
    with ExitStack() as undo:
        for layer in all_layers(model):
            # Keras adds the offset of a rescaling layer even where it is 0: a pass over all inputs.
            if type(layer) is keras.layers.Rescaling and not np.any(layer.offset):
                undo.enter_context(_replaced(layer, "call", _factor(layer)))
        for layer in _dropout_layers(model):
            undo.enter_context(_replaced(layer, "call", _dropout_call(layer, next(numbers))))
        for variable in _penalised(model):
            kinds = {name: next(numbers) for name in _penalties(variable.regularizer)}
            undo.enter_context(_replaced(variable, "_regularizer", _penalty(kinds)))
        yield


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = dict(owner.__dict__)
    object.__setattr__(owner, name, value)
    try:
        yield
    finally:
        if name in before:
            object.__setattr__(owner, name, before[name])
        else:
            object.__delattr__(owner, name)


def _factor(layer: Any) -> Callable[[Any], Any]:
    return lambda inputs: tf.cast(inputs, tf.float32) * tf.constant(layer.scale, tf.float32)


def _dropout_layers(model: Any) -> list[Any]:
    return [layer for layer in all_layers(model) if type(layer) is keras.layers.Dropout and layer.rate > 0]


def _penalised(model: Any) -> list[Any]:
    return [variable for variable in model.trainable_variables if type(variable.regularizer) in PENALTIES]


def _penalties(regularizer: Any) -> dict[str, float]:
    values = {name: float(getattr(regularizer, name, 0.0)) for name in ("l1", "l2")}
    return {name: value for name, value in values.items() if value}


def _penalty(factors: dict[str, Any]) -> Callable[[Any], Any]:
    norms: dict[str, Callable[[Any], Any]] = {
        "l1": lambda weight: tf.reduce_sum(tf.abs(weight)),
        "l2": lambda weight: tf.reduce_sum(tf.square(weight)),
    }
    return lambda weight: tf.add_n(
        [factor * norms[name](tf.convert_to_tensor(weight)) for name, factor in factors.items()]
    )


def _dropout_call(layer: Any, rate: Any) -> Callable[..., Any]:
    def call(inputs: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        seed = tf.cast(layer.seed_generator.next(), tf.int32)
        return tf.nn.experimental.stateless_dropout(inputs, rate, seed, noise_shape=layer.noise_shape)

    return call
