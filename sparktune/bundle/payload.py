"""A bundle in memory, as it is sent to executors that share neither disk nor MLflow with the driver."""

import hashlib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from sparktune.bundle.bundle import Bundle
from sparktune.bundle.engines.base import Engine
from sparktune.bundle.engines.registry import engine_class
from sparktune.bundle.manifest import Manifest
from sparktune.columns.schema import Schema
from sparktune.errors import BundleError


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
    place = manifest.engines[manifest.engine]
    names = [name for name in manifest.files if name == place or name.startswith(f"{place}/")]
    files = {name: _unchanged(bundle.path / name, manifest.files[name]) for name in names}
    # An engine that reads another one's file need not be in the manifest that was sealed.
    return ModelPayload(manifest.digest, manifest.engine, manifest.sealed().to_json(), files)


def _unchanged(path: Path, digest: str) -> bytes:
    """What a file holds, compared with its sha256."""
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != digest:
        raise BundleError(
            f"{str(path)!r} has changed since the bundle was loaded: its sha256 must be {digest}; load the "
            "bundle again"
        )
    return content


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
