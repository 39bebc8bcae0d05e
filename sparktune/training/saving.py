"""A trained model as the bytes of a `.keras` file."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparktune.training.engine.structure import told
from sparktune.training.epoch_tracker import Weights

if TYPE_CHECKING:
    import keras

COMPILED = ("compiled", "optimizer", "_compile_loss", "_compile_metrics", "_loss_tracker")


def keras_bytes(model: "keras.Model", weights: Weights) -> bytes:
    """The `.keras` file of the model, which takes on these weights; no optimizer in it, so that it is small.

    Raises:
        Exception: what Keras raises where a reader could not make the model of its file.
    """
    if not told(describe(model)):
        copied(model)
    model.set_weights(weights)
    with _bare(model), tempfile.TemporaryDirectory(prefix="sparktune-") as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


@contextmanager
def _bare(model: "keras.Model") -> Iterator[None]:
    """Within the context the model is not compiled."""
    kept = {name: getattr(model, name, None) for name in COMPILED}
    for name in COMPILED:
        setattr(model, name, None)
    try:
        yield
    finally:
        for name, value in kept.items():
            setattr(model, name, value)


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
