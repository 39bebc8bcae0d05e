"""An engine beside the Keras model that it was made from."""

from pathlib import Path
from typing import Any

import numpy as np

from sparktune.bundle.engines.base import Engine
from sparktune.bundle.engines.keras import KerasEngine
from sparktune.bundle.engines.trained import TrainedModel, load_keras
from sparktune.bundle.manifest import Manifest, check_unchanged
from sparktune.columns.schema import Task
from sparktune.errors import BundleError

TOLERANCE = 1e-5
MOST_ROWS = 10_000


def check_engine(engine: Engine, trained: TrainedModel, rows: np.ndarray | None = None) -> None:
    """Compare what an engine computes with what the Keras model computes that it was made from.

    Each number may differ by 1e-5 of itself, and by 1e-5 where it is a probability, or of the largest number
    of the same output in a regression. So two engines give a row the same label unless its two likeliest
    ones are a tie, 2e-5 or less apart.

    Args:
        engine: loaded from the bundle.
        trained: the model.
        rows: raw inputs (rows, *input_shape), of which the first 10,000 are compared, besides two made-up
            rows.

    Raises:
        BundleError: it answers another number of outputs than the schema has, or not what Keras does.
    """
    made_up = np.linspace(0, 1, 2 * int(np.prod(trained.tensor.shape))).astype(trained.tensor.dtype)
    made_up = made_up.reshape(2, *trained.tensor.shape)
    raw = engine.predict(made_up)
    outputs, task = trained.schema.outputs, trained.schema.task
    if raw.shape != (2, outputs):
        raise BundleError(f"the model must have {outputs} outputs ({task}), but got {raw.shape[1]}")
    if isinstance(engine, KerasEngine):
        return
    keras = KerasEngine(trained.model, trained.tensor)
    _compare(engine, raw, keras.predict(made_up), task)
    if rows is not None and len(rows):
        given = rows[:MOST_ROWS]
        _compare(engine, engine.predict(given), keras.predict(given), task)


def _compare(engine: Engine, raw: np.ndarray, keras: np.ndarray, task: Task) -> None:
    largest = np.abs(keras).max(axis=0, where=np.isfinite(keras), initial=0) if task == "regression" else 1
    close = np.isclose(raw, keras, rtol=TOLERANCE, atol=TOLERANCE * largest, equal_nan=True).all(axis=1)
    if not close.all():
        row = int(close.argmin())
        raise BundleError(
            f"{type(engine).__name__} must answer what Keras does, but answers {raw[row].tolist()} "
            f"instead of {keras[row].tolist()}; export with another engine"
        )


def keras_model(folder: Path, manifest: Manifest, engine: Engine) -> Any:
    """The Keras model that the bundle in `folder` was made from; that of its engine where it has one.

    Raises:
        BundleError: the bundle holds none, it cannot be loaded safely, or its file has changed.
    """
    if isinstance(engine, KerasEngine):
        return engine.model
    if "keras" not in manifest.engines:
        raise BundleError(
            f"the bundle {str(folder)!r} holds no Keras model: export it with the engine 'keras'"
        )
    check_unchanged(folder, manifest, "keras")
    return load_keras(folder / manifest.engines["keras"])
