"""Keras, for prediction only: load a model safely, run it in chunks."""

import os
import shutil
from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self, final

import numpy as np

from sparktune.bundle.engines.base import Engine
from sparktune.bundle.engines.trained import TrainedModel, load_keras
from sparktune.bundle.manifest import Manifest, Tensor
from sparktune.quiet import quiet

FILE = "model.keras"
CHUNK_BYTES = 32 * 2**20
CHUNK_ROWS = (64, 16384)


@final
class KerasEngine(Engine):
    """A Keras model whose prediction is one TensorFlow graph, run on chunks of rows."""

    requires = ("keras", "tensorflow")

    def __init__(self, model: Any, tensor: Tensor) -> None:
        self.model = model
        self._tensor = tensor
        self._rows = chunk_rows(model, tensor)

    @classmethod
    def export(cls, trained: TrainedModel, folder: Path) -> str:
        """Copy the trained `.keras` file."""
        shutil.copyfile(trained.file, folder / FILE)
        return FILE

    @classmethod
    def load(cls, folder: Path, manifest: Manifest) -> Self:
        """The model, loaded in safe mode; its graph is traced when it first predicts."""
        return cls(load_keras(folder / manifest.engines["keras"]), manifest.tensor)

    @classmethod
    def mlflow_flavor(
        cls, file: str, versions: Mapping[str, str]
    ) -> tuple[str, dict[str, str | bool]] | None:
        """The Keras model; MLflow adds `.keras` to its place."""
        options: dict[str, str | bool] = {
            "data": file.removesuffix(".keras"),
            "keras_version": versions.get("keras", "unknown"),
            "keras_backend": "tensorflow",
            "save_exported_model": False,
        }
        return "keras", options

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Raw outputs, float32 (rows, outputs), of inputs (rows, ...) in the order of the columns."""
        chunks = []
        for start in range(0, max(len(x), 1), self._rows):
            rows = x[start : start + self._rows]
            inputs = np.ascontiguousarray(rows, self._tensor.dtype).reshape(len(rows), *self._tensor.shape)
            raw = np.asarray(self._graph(inputs), np.float32)
            chunks.append(raw.reshape(len(rows), int(np.prod(raw.shape[1:]))))
        return chunks[0] if len(chunks) == 1 else np.concatenate(chunks)

    @classmethod
    def limit_threads(cls, threads: int) -> None:
        """Keep TensorFlow to the CPU and to `threads` threads."""
        limit_tensorflow(threads)

    @cached_property
    def _graph(self) -> Any:
        import tensorflow as tf

        signature = [tf.TensorSpec((None, *self._tensor.shape), self._tensor.dtype)]
        # TensorFlow warns of many traces of one function; it counts all lambdas as one, each partial apart.
        return tf.function(partial(self.model, training=False), signature, autograph=False)


def limit_tensorflow(threads: int) -> None:
    """Keep TensorFlow to the CPU and to `threads` threads; if it has started already, it stays as it is."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet():
        import tensorflow as tf

        tf.config.list_physical_devices()
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.set_visible_devices([], "GPU")
    except RuntimeError:  # this process has used TensorFlow before
        return


def chunk_rows(model: Any, tensor: Tensor) -> int:
    """Rows at a time, so that the widest layer's outputs stay within `CHUNK_BYTES`."""
    widest = max([int(np.prod(tensor.shape)), *map(_width, _layers(model))])
    low, high = CHUNK_ROWS
    return int(np.clip(CHUNK_BYTES // (4 * widest), low, high))


def _layers(model: Any) -> list[Any]:
    """Every layer, those of nested models too."""
    return [inner for layer in getattr(model, "layers", ()) for inner in (layer, *_layers(layer))]


def _width(layer: Any) -> int:
    """Numbers per row that come out of a layer."""
    try:
        shape = layer.output.shape
    except (AttributeError, ValueError):  # several outputs, or used in more than one place
        return 1
    return int(np.prod([side for side in shape[1:] if side is not None], initial=1))
