"""The task that all rivals share: the grid, the data, the model, and how a result is handed in.

Each rival is written as its own documentation advises, with `model.fit`. A trial's value is its best
validation accuracy of the five epochs. MNIST_FOLDER names the data, SLOTS how many trials may run at once.
"""

import gzip
import itertools
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

SPACE: dict[str, list[Any]] = {
    "neurons": [32, 64, 128, 256],
    "learning_rate": [1e-3, 3e-3, 1e-2],
    "batch_size": [32, 128],
}
GRID = [dict(zip(SPACE, point, strict=True)) for point in itertools.product(*SPACE.values())]
EPOCHS = 5
VALIDATION_ROWS = 2000
SLOTS = int(os.environ.get("SLOTS", "2"))
Split = tuple[np.ndarray, np.ndarray]


def load() -> tuple[Split, Split]:
    """Train and validation: pixels as float32 in 0..1, rows of 784, and labels."""
    folder = Path(os.environ["MNIST_FOLDER"])
    x = _idx(next(folder.glob("*images-idx3-ubyte.gz")), 16).reshape(-1, 784).astype("float32") / 255
    y = _idx(next(folder.glob("*labels-idx1-ubyte.gz")), 8).astype("int64")
    cut = len(x) - VALIDATION_ROWS
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])


def _idx(path: Path, header: int) -> np.ndarray:
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header)


def build(neurons: int, learning_rate: float) -> Any:
    """The compiled 784-N-10 model."""
    import keras

    layers = [keras.layers.Dense(neurons, activation="relu"), keras.layers.Dense(10, activation="softmax")]
    model = keras.Sequential([keras.Input((784,)), *layers])
    model.compile(
        keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def train(point: dict[str, Any], data: tuple[Split, Split]) -> float:
    """Train one point of the grid; its best validation accuracy."""
    import keras

    keras.utils.set_random_seed(1)
    (x, y), validation = data
    model = build(point["neurons"], point["learning_rate"])
    history = model.fit(
        x, y, batch_size=point["batch_size"], epochs=EPOCHS, validation_data=validation, verbose=0
    )
    return float(max(history.history["val_accuracy"]))


def hand_in(accuracies: Iterable[float]) -> None:
    """Leave the result in the current folder, where the benchmark reads it."""
    values = list(accuracies)
    Path("result.json").write_text(json.dumps({"trials": len(values), "best": max(values)}), encoding="utf-8")


def spark_session(**options: str) -> Any:
    """A local session with a core per slot, as a user of a laptop opens it, without its UI."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(f"local[{SLOTS}]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.memory", "2g").config("spark.driver.host", "127.0.0.1")
    for name, value in options.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()
