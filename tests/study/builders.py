"""Models of users' own."""

import ctypes
import os
import sys
import time
from pathlib import Path

import keras


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
