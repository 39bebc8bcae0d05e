"""Download of the data sets in `keras.datasets`; the only module of this package that imports keras."""

import importlib
from typing import Any


def load_keras_dataset(name: str) -> Any:
    """((x, y), (held-out x, held-out y)) of `keras.datasets.NAME`, from Keras's cache or the internet."""
    return importlib.import_module(f"keras.datasets.{name}").load_data()
