"""Models of users' own."""

import ctypes
import os
import re
import sys
import time
from pathlib import Path

import keras
import numpy as np


def plain(params, input_shape, outputs):
    print("a word of the builder's own")
    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(outputs, activation="sigmoid")])


def vanishes(params, input_shape, outputs):
    os._exit(7)


def crashes(params, input_shape, outputs):
    ctypes.string_at(0)


def leaves(params, input_shape, outputs):
    sys.exit("no licence")


def hangs(params, input_shape, outputs):
    if "BUILDER_PID" in os.environ:
        Path(os.environ["BUILDER_PID"]).write_text(str(os.getpid()))
    while True:
        time.sleep(1)


@keras.saving.register_keras_serializable("tests")
class Cursed(keras.layers.Dense):
    """Builds, and fails when it is trained."""

    def call(self, inputs, training=None):
        if training:
            raise ValueError("the kernel is cursed")
        return super().call(inputs)


def explodes_when_trained(params, input_shape, outputs):
    inputs = keras.Input(input_shape)
    hidden = Cursed(params["neurons"])(inputs)
    return keras.Model(inputs, keras.layers.Dense(outputs, activation="sigmoid")(hidden))


def interrupted(params, input_shape, outputs):
    raise KeyboardInterrupt


@keras.saving.register_keras_serializable("tests")
class Deed(keras.layers.Dense):
    """Does in training what its name says; well where the file HEALED is there."""

    def __init__(self, units, deed, **rest):
        super().__init__(units, **rest)
        self.deed = deed
        print("a word of the layer's own")

    def call(self, inputs, training=None):
        if training and not Path(os.environ.get("HEALED", "/nowhere")).exists():
            DEEDS[self.deed]()
        return super().call(inputs)

    def get_config(self):
        return {**super().get_config(), "deed": self.deed}


def hang():
    while True:
        time.sleep(60)


def hold_the_lock():
    re.match(r"(a+)+$", "a" * 60 + "b")


def eat_memory():
    held = []
    for _ in range(150):
        held.append(np.ones(10**7, np.uint8))
        time.sleep(0.005)


def blunder():
    raise ValueError("the deed is bad")


def nothing():
    return None


DEEDS = {deed.__name__: deed for deed in (hang, hold_the_lock, eat_memory, blunder, nothing)}


def doing(params, input_shape, outputs):
    """A model that does `params["deed"]` when it is trained."""
    inputs = keras.Input(input_shape)
    hidden = Deed(4, params["deed"])(inputs)
    return keras.Model(inputs, keras.layers.Dense(outputs, activation="sigmoid")(hidden))
