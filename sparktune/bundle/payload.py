"""A bundle in memory, as it is sent to executors that share neither disk nor MLflow with the driver."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from sparktune.bundle.bundle import Bundle
from sparktune.bundle.engines.base import Engine
from sparktune.bundle.engines.registry import engine_class
from sparktune.bundle.manifest import Manifest, unchanged
from sparktune.columns.schema import Schema


@final
@dataclass(frozen=True)
class ModelPayload:
    """What prediction needs, as bytes. Two payloads of one bundle and engine are equal.

    `files` are those of the engine that predicts, by their paths inside the bundle.
    """

    digest: str
    engine: str
    manifest: str = field(compare=False, repr=False)
    files: dict[str, bytes] = field(compare=False, repr=False)


@final
@dataclass(frozen=True)
class Predictor:
    """A model unpacked where it runs. `dtype` is that of its inputs."""

    schema: Schema
    dtype: str
    engine: Engine


def to_payload(bundle: Bundle) -> ModelPayload:
    """The bundle as bytes.

    Raises:
        BundleError: a file has changed, or is gone, since the bundle was loaded.
    """
    manifest = bundle.manifest
    expected = manifest.files_of(manifest.engine)
    files = {name: unchanged(bundle.path / name, digest) for name, digest in expected.items()}
    # An engine that reads another one's file need not be in the manifest that was sealed.
    return ModelPayload(manifest.digest, manifest.engine, manifest.sealed().to_json(), files)


def load_payload(payload: ModelPayload, threads: int) -> Predictor:
    """Load the model of a payload on the CPU, with `threads` threads unless its library runs already.

    Raises:
        BundleError: it cannot be loaded safely, or its engine is not installed here.
    """
    manifest = Manifest.from_json(payload.manifest, "the shipped manifest")
    engine = engine_class(manifest.engine)
    engine.limit_threads(threads)
    with tempfile.TemporaryDirectory(prefix="sparktune-") as folder:
        for name, content in payload.files.items():
            file = Path(folder) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return Predictor(manifest.columns, manifest.tensor.dtype, engine.load(Path(folder), manifest))
