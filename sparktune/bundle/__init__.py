"""The exported best model: written, checked by digest, loaded safely, logged to MLflow."""

from typing import TYPE_CHECKING

from sparktune.lazy import lazily

if TYPE_CHECKING:
    from sparktune.bundle.bundle import Bundle
    from sparktune.bundle.engines.base import Engine
    from sparktune.bundle.export import export_bundle, move_bundle
    from sparktune.bundle.load import load_bundle
    from sparktune.bundle.manifest import Lineage, Manifest
    from sparktune.bundle.mlflow.registry import log_bundle

__all__ = [
    "Bundle",
    "Engine",
    "Lineage",
    "Manifest",
    "export_bundle",
    "load_bundle",
    "log_bundle",
    "move_bundle",
]

# a worker that scores never loads what exports
__getattr__, __dir__ = lazily(
    __name__,
    {
        "Bundle": "sparktune.bundle.bundle",
        "Engine": "sparktune.bundle.engines.base",
        "Lineage": "sparktune.bundle.manifest",
        "Manifest": "sparktune.bundle.manifest",
        "export_bundle": "sparktune.bundle.export",
        "load_bundle": "sparktune.bundle.load",
        "log_bundle": "sparktune.bundle.mlflow.registry",
        "move_bundle": "sparktune.bundle.export",
    },
)
