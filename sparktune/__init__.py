"""Hyperparameter search for Keras models on Apache Spark.

result = sparktune.tune("study.yaml")
sparktune.register(spark, result.bundle.path, "predict")
"""

from typing import TYPE_CHECKING

from sparktune.errors import SparktuneError
from sparktune.lazy import lazily

if TYPE_CHECKING:
    from sparktune.bundle import Engine
    from sparktune.bundle import load_bundle as load
    from sparktune.data import DataSource, Found, Origin, Table
    from sparktune.launch.base import Launcher
    from sparktune.scoring import register, score
    from sparktune.search import WAIT, Sampler
    from sparktune.spec import StudySpec
    from sparktune.study import StudyResult
    from sparktune.study.tune import tune
    from sparktune.tracking import Tracker
    from sparktune.training import LayeredKind, ModelKind, run_segment
    from sparktune.trial import Segment, TrialResult

__version__ = "0.1.0"
__all__ = [
    "WAIT",
    "DataSource",
    "Engine",
    "Found",
    "Launcher",
    "LayeredKind",
    "ModelKind",
    "Origin",
    "Sampler",
    "Segment",
    "SparktuneError",
    "StudyResult",
    "StudySpec",
    "Table",
    "Tracker",
    "TrialResult",
    "load",
    "register",
    "run_segment",
    "score",
    "tune",
]

# a worker that trains never loads MLflow or pandas
__getattr__, __dir__ = lazily(
    __name__,
    {
        "WAIT": "sparktune.search",
        "DataSource": "sparktune.data",
        "Engine": "sparktune.bundle",
        "Found": "sparktune.data",
        "Launcher": "sparktune.launch",
        "LayeredKind": "sparktune.training",
        "ModelKind": "sparktune.training",
        "Origin": "sparktune.data",
        "Sampler": "sparktune.search",
        "Segment": "sparktune.trial",
        "StudyResult": "sparktune.study",
        "StudySpec": "sparktune.spec",
        "Table": "sparktune.data",
        "Tracker": "sparktune.tracking",
        "TrialResult": "sparktune.trial",
        "load": "sparktune.bundle:load_bundle",
        "register": "sparktune.scoring",
        "run_segment": "sparktune.training",
        "score": "sparktune.scoring",
        "tune": "sparktune.study",
    },
)
