"""Download of the data sets in `keras.datasets`; the only module of this package that imports keras."""

import importlib
import sys
from contextlib import redirect_stdout
from typing import Any

from sparktune.quiet import quiet


def load_keras_dataset(name: str) -> Any:
    """((x, y), (held-out x, held-out y)) of `keras.datasets.NAME`, from Keras's cache or the internet.

    What Keras prints while it downloads goes to standard error.
    """
    with quiet():  # TensorFlow logs when it loads
        module = importlib.import_module(f"keras.datasets.{name}")
    with redirect_stdout(sys.stderr):
        return module.load_data()
