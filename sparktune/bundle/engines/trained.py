"""The trained model that engines are made from."""

from functools import cached_property
from pathlib import Path
from typing import Any, final

from sparktune.bundle.manifest import Tensor
from sparktune.columns.schema import Schema
from sparktune.errors import BundleError
from sparktune.quiet import quiet


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


def load_keras(path: Path) -> Any:
    """The model in a `.keras` file, loaded in safe mode: code inside the file is refused.

    Raises:
        BundleError: this process switched safe mode off, or the file cannot be loaded safely.
    """
    with quiet():
        import keras
        import tensorflow as tf

        tf.config.list_physical_devices()
    if _safe_mode_is_off():
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


def _safe_mode_is_off() -> bool:
    """Whether somebody switched safe mode off for this process, where this Keras (3.10 to 3.15) can tell."""
    try:
        from keras.src.saving.serialization_lib import in_safe_mode  # the flag has no public reader
    except ImportError:
        return False
    return in_safe_mode() is False


def tensor_of(model: Any, input_shape: tuple[int, ...]) -> Tensor:
    """The model's input.

    Raises:
        BundleError: it has several inputs, or another shape than the columns.
    """
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) > 1:
        raise BundleError(f"a model must have one input, but got {len(inputs)}: {[i.name for i in inputs]}")
    shape = tuple(inputs[0].shape[1:]) if inputs else input_shape
    fits = all(side in (None, wanted) for side, wanted in zip(shape, input_shape, strict=False))
    if len(shape) != len(input_shape) or not fits:
        raise BundleError(f"the model's input must have shape {input_shape}, but got {shape}")
    dtype = str(inputs[0].dtype) if inputs else "float32"
    return Tensor(shape=input_shape, dtype=dtype)
