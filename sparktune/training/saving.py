"""A trained model as the bytes of a `.keras` file."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparktune.training.epoch_tracker import Weights

if TYPE_CHECKING:
    import keras


def keras_bytes(model: "keras.Model", weights: Weights) -> bytes:
    """The `.keras` file of the model with these weights; no optimizer in it, so that it is small.

    The file is that of a copy which was never compiled: Keras has no way to save a compiled model alone. So
    a model that nobody could load is refused here, not where it is to be used.

    Raises:
        Exception: what Keras raises where a reader could not make the model of its file.
    """
    copy = copied(model)
    copy.set_weights(weights)
    with tempfile.TemporaryDirectory(prefix="sparktune-") as folder:
        path = Path(folder) / "model.keras"
        copy.save(path)
        return path.read_bytes()


def copied(model: "keras.Model") -> "keras.Model":
    """The same architecture, not compiled, made as a reader of the file will make it: in safe mode.

    Raises:
        Exception: what Keras raises where the model cannot be described or made again.
    """
    import keras

    description = describe(model)
    description.pop("compile_config", None)
    return keras.saving.deserialize_keras_object(description, safe_mode=True)


def describe(model: "keras.Model") -> dict[str, Any]:
    """Keras' own description of the model, as it stands in a `.keras` file."""
    import keras

    return dict(keras.saving.serialize_keras_object(model))
