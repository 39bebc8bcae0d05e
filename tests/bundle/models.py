"""Small models, built by hand, as bundles."""

from pathlib import Path
from typing import Any

import numpy as np

from sparktune.bundle import Bundle, Lineage, export_bundle
from sparktune.columns.schema import Feature, Schema

BINARY = Schema(
    features=tuple(Feature(name=f"f{i}") for i in range(20)),
    input_shape=(20,),
    task="binary",
    classes=("no", "yes"),
    outputs=1,
)
CLASSES = Schema(
    features=(Feature(name="pixels", dtype="uint8", shape=(8, 8)),),
    input_shape=(8, 8),
    task="classes",
    classes=(10, 20, 30),
    outputs=3,
)
REGRESSION = Schema(
    features=(Feature(name="a", dtype="int64"), Feature(name="b", shape=(3,))),
    input_shape=(4,),
    task="regression",
    outputs=1,
)
SCHEMAS = {"binary": BINARY, "classes": CLASSES, "regression": REGRESSION}


def lineage(**changes: Any) -> Lineage:
    """The lineage of a made-up trial."""
    known: dict[str, Any] = {
        "study": "digits",
        "study_id": "1f2e",
        "trial": 3,
        "params": {"neurons": 64, "learning_rate": 0.01},
        "metric": "val_accuracy",
        "direction": "maximize",
        "value": 0.96,
        "epoch": 2,
        "data_digest": "ab" * 32,
    }
    return Lineage(**{**known, **changes})


def keras_model(kind: str) -> Any:
    """An untrained model with scaling inside, always the same."""
    import keras

    keras.utils.set_random_seed(7)
    schema = SCHEMAS[kind]
    last = {"binary": "sigmoid", "classes": "softmax", "regression": "linear"}[kind]
    scaling = (
        keras.layers.Rescaling(1 / 16) if kind == "classes" else keras.layers.Rescaling(2.0, offset=-1.0)
    )
    return keras.Sequential(
        [
            keras.Input(schema.input_shape),
            scaling,
            keras.layers.Flatten(),
            keras.layers.Dense(64, "relu"),
            keras.layers.Dense(schema.outputs, last),
        ]
    )


def make(kind: str, folder: Path, **changes: Any) -> Bundle:
    """A bundle of a small model in `folder/bundle`."""
    file = folder / "trained.keras"
    keras_model(kind).save(file)
    return export_bundle(file, SCHEMAS[kind], lineage(**changes), folder / "bundle", example=inputs(kind, 2))


def inputs(kind: str, rows: int) -> np.ndarray:
    """Raw inputs of a model, (rows, *input_shape)."""
    random = np.random.default_rng(5)
    shape = (rows, *SCHEMAS[kind].input_shape)
    return random.integers(0, 17, shape).astype("u1") if kind == "classes" else random.random(shape, "f4")


def by_keras(bundle: Bundle, x: np.ndarray) -> np.ndarray:
    """What Keras itself predicts."""
    return np.asarray(bundle.model.predict(x, verbose=0))
