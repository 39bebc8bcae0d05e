"""joblib with its Spark backend: the data is broadcast, a Spark job per call."""

from typing import Any

from grid import GRID, SLOTS, hand_in, load, spark_session, train
from joblib import Parallel, delayed, parallel_config
from joblibspark import register_spark

context = spark_session().sparkContext
data = context.broadcast(load())


def trial(point: dict[str, Any]) -> float:
    return train(point, data.value)


register_spark()
with parallel_config(backend="spark", n_jobs=SLOTS):
    hand_in(Parallel()(delayed(trial)(point) for point in GRID))
