"""An engine beside the Keras model that it was made from."""

from pathlib import Path
from typing import Any

import numpy as np

from sparktune.bundle.engines.base import Engine
from sparktune.bundle.engines.keras import KerasEngine
from sparktune.bundle.engines.trained import TrainedModel, load_keras
from sparktune.bundle.manifest import Manifest
from sparktune.errors import BundleError

TOLERANCE = 1e-4


def check_engine(engine: Engine, trained: TrainedModel) -> None:
    """Compare what an engine computes with what the Keras model computes that it was made from.

    Raises:
        BundleError: it answers another number of outputs than the schema has, or not what Keras does.
    """
    x = np.linspace(0, 1, 2 * int(np.prod(trained.tensor.shape)))
    x = x.reshape(2, *trained.tensor.shape).astype(trained.tensor.dtype)
    raw = engine.predict(x)
    outputs, task = trained.schema.outputs, trained.schema.task
    if raw.shape != (2, outputs):
        raise BundleError(f"the model must have {outputs} outputs ({task}), but got {raw.shape[1]}")
    if isinstance(engine, KerasEngine):
        return
    keras = np.asarray(trained.model(x, training=False), np.float32).reshape(raw.shape)
    if not np.allclose(raw, keras, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
        raise BundleError(
            f"{type(engine).__name__} must answer what Keras does, but answers {raw.tolist()} "
            f"instead of {keras.tolist()}; export with another engine"
        )


def keras_model(folder: Path, manifest: Manifest, engine: Engine) -> Any:
    """The Keras model that the bundle in `folder` was made from; that of its engine where it has one.

    Raises:
        BundleError: the bundle holds none, or it cannot be loaded safely.
    """
    if isinstance(engine, KerasEngine):
        return engine.model
    if "keras" not in manifest.engines:
        raise BundleError(
            f"the bundle {str(folder)!r} holds no Keras model: export it with the engine 'keras'"
        )
    return load_keras(folder / manifest.engines["keras"])
