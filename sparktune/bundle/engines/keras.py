"""Keras, for prediction only: load a model safely, run it in chunks."""

import os
import shutil
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, final

import numpy as np

from sparktune.bundle.engines.base import Engine
from sparktune.bundle.manifest import Manifest, Tensor
from sparktune.errors import BundleError
from sparktune.quiet import quiet

if TYPE_CHECKING:
    from sparktune.bundle.engines.trained import TrainedModel

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
    def export(cls, trained: "TrainedModel", folder: Path) -> str:
        """Copy the trained `.keras` file."""
        shutil.copyfile(trained.file, folder / FILE)
        return FILE

    @classmethod
    def load(cls, folder: Path, manifest: Manifest) -> Self:
        """The model, loaded in safe mode; its graph is traced when it first predicts."""
        return cls(load_keras(folder / manifest.engines["keras"]), manifest.tensor)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Raw outputs, float32 (rows, outputs), of inputs (rows, ...) in the order of the columns."""
        chunks = [self._chunk(x[at : at + self._rows]) for at in range(0, max(len(x), 1), self._rows)]
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
        return tf.function(partial(self.model, training=False), input_signature=signature)

    def _chunk(self, x: np.ndarray) -> np.ndarray:
        inputs = np.ascontiguousarray(x, self._tensor.dtype).reshape(len(x), *self._tensor.shape)
        raw = np.asarray(self._graph(inputs), np.float32)
        return raw.reshape(len(x), int(np.prod(raw.shape[1:])))


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


def load_keras(path: Path) -> Any:
    """The model in a `.keras` file, loaded in safe mode: code inside the file is refused.

    Raises:
        BundleError: this process switched safe mode off, or the file cannot be loaded safely.
    """
    with quiet():
        import keras
        import tensorflow as tf

        tf.config.list_physical_devices()
    from keras.src.saving.serialization_lib import in_safe_mode  # the flag has no public reader

    if in_safe_mode() is False:
        raise BundleError(
            "models are loaded in safe mode, but keras.config.enable_unsafe_deserialization() was called; "
            "load the model in a process that does not call it"
        )
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever a layer's from_config raises
        raise BundleError(
            f"{str(path)!r} cannot be loaded in safe mode: {error}; a model with Lambda layers must use "
            "named layers instead, and custom layers must be importable and registered"
        ) from error


def tensor_of(model: Any, input_shape: tuple[int, ...]) -> Tensor:
    """The model's input.

    Raises:
        BundleError: it has several inputs, or another shape than the columns.
    """
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) > 1:
        raise BundleError(f"a model must have one input, but got {len(inputs)}: {[i.name for i in inputs]}")
    if inputs and not _fits(tuple(inputs[0].shape[1:]), input_shape):
        raise BundleError(
            f"the model's input must have shape {input_shape}, but got {tuple(inputs[0].shape[1:])}"
        )
    dtype = str(inputs[0].dtype) if inputs else "float32"
    return Tensor(shape=input_shape, dtype=dtype)


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


def _fits(shape: tuple[int | None, ...], wanted: tuple[int, ...]) -> bool:
    return len(shape) == len(wanted) and all(a is None or a == b for a, b in zip(shape, wanted, strict=True))
