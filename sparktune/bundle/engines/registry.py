"""Engines by name."""

import sys
from pathlib import Path

from sparktune.bundle.engines.base import Engine
from sparktune.bundle.manifest import Manifest
from sparktune.errors import BundleError, InputError
from sparktune.registry import Registry

ENGINES = Registry(
    "sparktune.engines",
    {
        "numpy": "sparktune.bundle.engines.numpy:NumpyEngine",
        "keras": "sparktune.bundle.engines.keras:KerasEngine",
        "tensorflow": "sparktune.bundle.engines.savedmodel:SavedModelEngine",
        "onnx": "sparktune.bundle.engines.onnx:OnnxEngine",
        "sql": "sparktune.bundle.engines.sql:SqlEngine",
    },
)
EXPORTED = ("numpy", "keras", "tensorflow")  # of a bundle unless others are asked for; the first one predicts
REFERENCE = "keras"  # the copied model itself, which the others are compared with
FALLBACK = ("keras", "tensorflow")  # those where NumPy does not compute the model


def engine_class(name: str) -> type[Engine]:
    """The class of the engine called `name`.

    Raises:
        BundleError: no installed package has it.
    """
    try:
        found: type[Engine] = ENGINES.load(name)
    except InputError as error:
        raise BundleError(f"{error}; install the package that has the engine {name!r}") from error
    return found


def mlflow_flavors(manifest: Manifest) -> dict[str, dict[str, str | bool]]:
    """The flavours by which MLflow loads the files of a bundle's engines, each with its options.

    An engine that is not installed has none.
    """
    installed = {name: file for name, file in manifest.engines.items() if name in ENGINES}
    found = (engine_class(name).mlflow_flavor(file, manifest.versions) for name, file in installed.items())
    return dict(flavor for flavor in found if flavor)


def load_engine(folder: Path, manifest: Manifest) -> Engine:
    """The engine that predicts in the bundle in `folder`: the first one of its manifest.

    Raises:
        BundleError: no installed package has it, it needs one that is not installed, or it cannot be loaded
            safely.
    """
    try:
        return engine_class(manifest.engine).load(folder, manifest)
    except ImportError as error:
        raise BundleError(
            f"the engine {manifest.engine!r} needs {error.name}, which {sys.executable} lacks; install it, "
            f"or use another engine of the bundle, which has {', '.join(manifest.engines)}"
        ) from error
