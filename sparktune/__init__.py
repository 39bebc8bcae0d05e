"""Hyperparameter search for Keras models on Apache Spark.

result = sparktune.tune("study.yaml")
sparktune.register(spark, result.bundle.path, "predict")

Beside the functions and the abstract classes, the names below are the types in their signatures.
"""

from typing import TYPE_CHECKING

from sparktune.errors import SparktuneError
from sparktune.lazy import lazily

if TYPE_CHECKING:
    from sparktune.bundle import Bundle, Engine, Manifest
    from sparktune.bundle import load_bundle as load
    from sparktune.bundle.engines.trained import TrainedModel
    from sparktune.columns import Schema
    from sparktune.data import Dataset, DataSource, Found, Origin, Table
    from sparktune.data.host import SharedData
    from sparktune.launch.base import Launcher
    from sparktune.report import StudyPlots
    from sparktune.scoring import register, score
    from sparktune.scoring.partitions import ScoringProgress
    from sparktune.scoring.sql import SqlFunction
    from sparktune.search import WAIT, Decision, Pruner, PrunerView, Sampler
    from sparktune.spec import SearchSpec, StudySpec, TrainingSpec
    from sparktune.study import Progress, StudyResult
    from sparktune.study.tune import tune
    from sparktune.summary import DataSummary, Objective, ParetoTrial, Summary
    from sparktune.tracking import Tracker
    from sparktune.training import LayeredKind, ModelKind, run_segment
    from sparktune.training.input_values import InputValues
    from sparktune.trial import Segment, Trial, TrialReport, TrialResult, TrialState

__version__ = "0.1.0"
__all__ = [
    "WAIT",
    "Bundle",
    "DataSource",
    "DataSummary",
    "Dataset",
    "Decision",
    "Engine",
    "Found",
    "InputValues",
    "Launcher",
    "LayeredKind",
    "Manifest",
    "ModelKind",
    "Objective",
    "Origin",
    "ParetoTrial",
    "Progress",
    "Pruner",
    "PrunerView",
    "Sampler",
    "Schema",
    "ScoringProgress",
    "SearchSpec",
    "Segment",
    "SharedData",
    "SparktuneError",
    "SqlFunction",
    "StudyPlots",
    "StudyResult",
    "StudySpec",
    "Summary",
    "Table",
    "Tracker",
    "TrainedModel",
    "TrainingSpec",
    "Trial",
    "TrialReport",
    "TrialResult",
    "TrialState",
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
        "Bundle": "sparktune.bundle",
        "DataSource": "sparktune.data",
        "Dataset": "sparktune.data",
        "Decision": "sparktune.search",
        "Engine": "sparktune.bundle",
        "Found": "sparktune.data",
        "InputValues": "sparktune.training.input_values",
        "Launcher": "sparktune.launch",
        "LayeredKind": "sparktune.training",
        "Manifest": "sparktune.bundle",
        "ModelKind": "sparktune.training",
        "Objective": "sparktune.summary",
        "Origin": "sparktune.data",
        "ParetoTrial": "sparktune.summary",
        "Progress": "sparktune.study",
        "Pruner": "sparktune.search",
        "PrunerView": "sparktune.search",
        "Sampler": "sparktune.search",
        "Schema": "sparktune.columns",
        "SearchSpec": "sparktune.spec",
        "Segment": "sparktune.trial",
        "SharedData": "sparktune.data.host",
        "ScoringProgress": "sparktune.scoring.partitions",
        "SqlFunction": "sparktune.scoring.sql",
        "StudyPlots": "sparktune.report",
        "StudyResult": "sparktune.study",
        "StudySpec": "sparktune.spec",
        "DataSummary": "sparktune.summary",
        "Summary": "sparktune.summary",
        "Table": "sparktune.data",
        "Tracker": "sparktune.tracking",
        "TrainedModel": "sparktune.bundle.engines.trained",
        "TrainingSpec": "sparktune.spec",
        "Trial": "sparktune.trial",
        "TrialReport": "sparktune.trial",
        "TrialResult": "sparktune.trial",
        "TrialState": "sparktune.trial",
        "load": "sparktune.bundle:load_bundle",
        "register": "sparktune.scoring",
        "run_segment": "sparktune.training",
        "score": "sparktune.scoring",
        "tune": "sparktune.study",
    },
)
