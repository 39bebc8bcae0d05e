"""Hyperparameter search for Keras models on Apache Spark.

result = sparktune.tune("study.yaml")
sparktune.register(spark, result.bundle.path, "predict")
"""

from typing import TYPE_CHECKING

from sparktune.errors import SparktuneError
from sparktune.lazy import lazily

if TYPE_CHECKING:
    from sparktune.bundle import load_bundle as load
    from sparktune.scoring import register, score
    from sparktune.spec import StudySpec
    from sparktune.study import StudyResult
    from sparktune.study.tune import tune

__version__ = "0.1.0"
__all__ = ["SparktuneError", "StudyResult", "StudySpec", "load", "register", "score", "tune"]

# a worker that trains never loads MLflow or pandas
__getattr__ = lazily(
    __name__,
    {
        "StudyResult": "sparktune.study",
        "StudySpec": "sparktune.spec",
        "load": "sparktune.bundle:load_bundle",
        "register": "sparktune.scoring",
        "score": "sparktune.scoring",
        "tune": "sparktune.study",
    },
)
