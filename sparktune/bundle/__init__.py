"""The exported best model: written, checked by digest, loaded safely, logged to MLflow."""

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
