"""The search as Spark's documentation advises: the arrays broadcast, `model.fit` in each of two workers."""

import os
from pathlib import Path

import numpy as np
from pyspark.sql import SparkSession
from training import BATCH, CLASSES, EPOCHS, NEURONS, RATES, VALIDATION_ROWS, WIDTH, Mark


def train(rate: float, arrays: tuple[np.ndarray, np.ndarray]) -> float:
    """The last validation loss."""
    import keras

    x, y = arrays
    layers = [
        keras.layers.Dense(NEURONS, activation="relu"),
        keras.layers.Dense(CLASSES, activation="softmax"),
    ]
    model = keras.Sequential([keras.Input((WIDTH,)), *layers])
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    cut = len(x) - VALIDATION_ROWS
    done = model.fit(
        x[:cut],
        y[:cut],
        BATCH,
        EPOCHS,
        verbose=0,
        validation_data=(x[cut:], y[cut:]),
        callbacks=[Mark()],
    )
    return float(done.history["val_loss"][-1])


folder = Path(os.environ["DATA"])
context = (
    SparkSession.builder.master("local[2]").config("spark.driver.memory", "2g").getOrCreate().sparkContext
)
data = context.broadcast((np.load(folder / "x.npy"), np.load(folder / "y.npy")))
losses = context.parallelize(RATES, len(RATES)).map(lambda rate: train(rate, data.value)).collect()
if len(losses) != len(RATES):
    raise SystemExit("trials are missing")
