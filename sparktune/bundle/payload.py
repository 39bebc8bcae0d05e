"""A bundle in memory, as it travels to executors that share neither disk nor MLflow with the driver."""

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from sparktune.bundle.bundle import Bundle
from sparktune.bundle.engines.keras import Engine, load_keras
from sparktune.bundle.manifest import KERAS, Manifest
from sparktune.columns.schema import Schema
from sparktune.quiet import quiet


@dataclass(frozen=True)
class ModelPayload:
    """What prediction needs, as bytes. Two payloads of one bundle are equal."""

    digest: str
    manifest: str = field(compare=False, repr=False)
    model: bytes = field(compare=False, repr=False)


@dataclass(frozen=True)
class Predictor:
    """A model unpacked where it runs."""

    schema: Schema
    dtype: str
    engine: Engine


def to_payload(bundle: Bundle) -> ModelPayload:
    """The bundle as bytes."""
    model = (bundle.path / bundle.manifest.engines["keras"]).read_bytes()
    return ModelPayload(bundle.manifest.digest, bundle.manifest.to_json(), model)


def load_payload(payload: ModelPayload, threads: int) -> Predictor:
    """Load the model of a payload on the CPU, bounded to `threads` threads unless TensorFlow runs already.

    Raises:
        BundleError: it cannot be loaded safely.
    """
    bound_tensorflow(threads)
    manifest = Manifest.from_json(payload.manifest, "the shipped manifest")
    with tempfile.TemporaryDirectory(prefix="sparktune-") as folder:
        file = Path(folder) / KERAS
        file.write_bytes(payload.model)
        model = load_keras(file)
    return Predictor(manifest.columns, manifest.tensor.dtype, Engine(model, manifest.tensor))


def bound_tensorflow(threads: int) -> None:
    """Bound TensorFlow to the CPU and `threads` threads; leaves a runtime that has started as it is."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet():
        import tensorflow as tf

        tf.config.list_physical_devices()
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.set_visible_devices([], "GPU")
    except RuntimeError:  # the worker has used TensorFlow before
        return
