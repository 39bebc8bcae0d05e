"""The trained model that engines are made from."""

from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np

from sparktune.bundle.engines.base import Engine
from sparktune.bundle.engines.keras import KerasEngine, load_keras, tensor_of
from sparktune.bundle.manifest import Manifest, Tensor
from sparktune.columns.schema import Schema
from sparktune.errors import BundleError

TOLERANCE = 1e-4


@final
class TrainedModel:
    """A trained model on its way into a bundle.

    Attributes:
        file: the `.keras` file.
        schema: its columns, task and label map.
    """

    def __init__(self, file: Path, schema: Schema) -> None:
        self.file = file
        self.schema = schema

    @cached_property
    def model(self) -> Any:
        """The Keras model, loaded in safe mode, not compiled.

        Raises:
            BundleError: it cannot be loaded safely.
        """
        return load_keras(self.file)

    @cached_property
    def tensor(self) -> Tensor:
        """The model's one input.

        Raises:
            BundleError: it has several inputs, or another shape than the columns.
        """
        return tensor_of(self.model, self.schema.input_shape)

    def check(self, engine: Engine) -> None:
        """Compare an engine that was made from this model with the model itself.

        Raises:
            BundleError: it answers another number of outputs than the schema has, or not what Keras does.
        """
        x = np.linspace(0, 1, 2 * int(np.prod(self.tensor.shape)))
        x = x.reshape(2, *self.tensor.shape).astype(self.tensor.dtype)
        raw = engine.predict(x)
        outputs, task = self.schema.outputs, self.schema.task
        if raw.shape != (2, outputs):
            raise BundleError(f"the model must have {outputs} outputs ({task}), but got {raw.shape[1]}")
        if isinstance(engine, KerasEngine):
            return
        keras = np.asarray(self.model(x, training=False), np.float32).reshape(raw.shape)
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
