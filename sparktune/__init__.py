"""Hyperparameter search for Keras models on Apache Spark.

result = sparktune.tune("study.yaml")
sparktune.register(spark, result.bundle.path, "predict")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sparktune.errors import SparktuneError

if TYPE_CHECKING:
    from sparktune.bundle import load_bundle as load
    from sparktune.scoring import register, score
    from sparktune.spec import StudySpec
    from sparktune.study import StudyResult
    from sparktune.study.tune import tune

__version__ = "0.1.0"
__all__ = ["SparktuneError", "StudyResult", "StudySpec", "load", "register", "score", "tune"]

_HOMES = {
    "StudyResult": ("sparktune.study", "StudyResult"),
    "StudySpec": ("sparktune.spec", "StudySpec"),
    "load": ("sparktune.bundle", "load_bundle"),
    "register": ("sparktune.scoring", "register"),
    "score": ("sparktune.scoring", "score"),
    "tune": ("sparktune.study", "tune"),
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: a worker that trains never loads MLflow or pandas."""
    if name not in _HOMES:
        raise AttributeError(f"module 'sparktune' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)
