"""What callbacks may change in a compiled model beside its weights: flags `trainable`, and plain numbers."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from sparktune.training.checkpoint import Tree
from sparktune.training.engine.structure import all_layers

NUMBERS = (
    *("rate", "dropout", "recurrent_dropout", "stddev", "l1", "l2"),
    *("momentum", "weight_decay", "clipnorm", "clipvalue", "beta_1", "beta_2", "rho", "epsilon"),
)


def trainable_flags(model: keras.Model) -> list[bool]:
    """The flag of each layer, then of each variable."""
    return [part.trainable for part in _owners_of_flags(model)]


def set_trainable(model: keras.Model, flags: Sequence[bool]) -> None:
    """Put the flags back that `trainable_flags` gave."""
    for part, flag in zip(_owners_of_flags(model), flags, strict=False):
        if part.trainable != flag:
            part.trainable = flag


def _owners_of_flags(model: keras.Model) -> list[Any]:
    """Layers, then variables: a layer's flag is that of all inside it until they get their own."""
    return [*all_layers(model), *model.variables]


def owners_of_numbers(model: keras.Model) -> list[Any]:
    """Layers, the weight penalty of each variable or None, and the optimizer as the last one."""
    return [*all_layers(model), *(variable.regularizer for variable in model.variables), model.optimizer]


def numbers_of(owner: Any) -> Tree:
    """The `NUMBERS` that a layer, penalty or optimizer has as plain numbers, by name."""
    attributes = getattr(owner, "__dict__", {})
    found = {name: attributes.get(name) for name in NUMBERS}
    return {name: value for name, value in found.items() if isinstance(value, (int, float, np.floating))}


def set_numbers(owner: Any, numbers: Tree) -> None:
    """Put the numbers back that `numbers_of` gave."""
    for name, value in numbers.items():
        if getattr(owner, name) != value:
            setattr(owner, name, value)
