"""Studies and bundles in pipelines of Spark ML.

model = SparktuneEstimator(study="study.yaml", inputCols=["age", "visits"], labelCol="churned").fit(frame)
model.transform(frame)
"""

from sparktune.ml.estimator import SparktuneEstimator
from sparktune.ml.model import SparktuneModel

__all__ = ["SparktuneEstimator", "SparktuneModel"]
