"""Hyperopt with SparkTrials: the data is broadcast; a suggest function walks the grid, not sampling it."""

from typing import Any

from grid import GRID, SLOTS, hand_in, load, spark_session, train
from hyperopt import STATUS_OK, SparkTrials, fmin, hp

spark = spark_session()
data = spark.sparkContext.broadcast(load())
trials = SparkTrials(parallelism=SLOTS)


def objective(index: int) -> dict[str, Any]:
    return {"loss": -train(GRID[int(index)], data.value), "status": STATUS_OK}


def next_point(new_ids: list[int], domain: Any, trials: Any, seed: int) -> list[Any]:
    """Hyperopt's interface for search algorithms: one document per new trial, here the next point."""
    documents = []
    for tid in new_ids:
        misc = {"tid": tid, "cmd": domain.cmd, "workdir": domain.workdir}
        misc |= {"idxs": {"point": [tid]}, "vals": {"point": [tid % len(GRID)]}}
        documents += trials.new_trial_docs([tid], [None], [domain.new_result()], [misc])
    return documents


fmin(
    objective,
    hp.choice("point", list(range(len(GRID)))),
    algo=next_point,
    max_evals=len(GRID),
    trials=trials,
    show_progressbar=False,
)
hand_in([-loss for loss in trials.losses() if loss is not None])
