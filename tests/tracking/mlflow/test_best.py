"""The best trials, and the mark on the best one."""

import math

from mlflow import MlflowClient

from sparktune.tracking.mlflow.best import best_first, mark_best
from sparktune.trial import TrialState
from tests.tracking.studies import complete

LOST = complete(9, state=TrialState.DIVERGED, value=None, epoch=None)


def numbers(values: list[float], direction: str) -> list[int]:
    results = [*(complete(number, value=value) for number, value in enumerate(values)), LOST]
    return [result.trial for result in best_first(reversed(results), direction)]


def test_the_best_five_by_the_direction_and_of_equal_ones_the_first() -> None:
    values = [0.2, 0.9, 0.0, 0.9, 0.5, 0.1, math.nan]
    assert numbers(values, "maximize") == [1, 3, 4, 0, 5]
    assert numbers(values, "minimize") == [2, 5, 0, 4, 1]


def test_the_last_result_of_a_trial_counts() -> None:
    assert best_first([complete(0, value=0.9), complete(0, value=0.4)], "maximize")[0].value == 0.4


def test_one_run_is_marked(store: str) -> None:
    client = MlflowClient(tracking_uri=store)
    first, second = (client.create_run("0").info.run_id for _ in range(2))
    mark_best(client, first, [])
    mark_best(client, second, [first])
    mark_best(client, second, [second])
    found = client.search_runs(["0"], "tags.best = 'true'")
    assert [run.info.run_id for run in found] == [second]
