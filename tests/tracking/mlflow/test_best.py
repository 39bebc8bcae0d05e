"""The best trials, and the mark on the best one."""

import math

from mlflow import MlflowClient

from sparktune.summary import Objective
from sparktune.tracking.mlflow.best import BEST, best_first, mark
from sparktune.trial import TrialState
from tests.tracking.studies import complete

MAXIMIZE = Objective("val_accuracy", "maximize")
LOST = complete(9, state=TrialState.DIVERGED, value=None, epoch=None)


def numbers(values: list[float], direction: str) -> list[int]:
    results = [*(complete(number, value=value) for number, value in enumerate(values)), LOST]
    return [result.trial for result in best_first(reversed(results), Objective("val_accuracy", direction))]


def test_the_best_five_by_the_direction_and_of_equal_ones_the_first() -> None:
    values = [0.2, 0.9, 0.0, 0.9, 0.5, 0.1, math.nan]
    assert numbers(values, "maximize") == [1, 3, 4, 0, 5]
    assert numbers(values, "minimize") == [2, 5, 0, 4, 1]


def test_the_last_result_of_a_trial_counts() -> None:
    assert best_first([complete(0, value=0.9), complete(0, value=0.4)], MAXIMIZE)[0].value == 0.4


def test_of_equal_values_the_other_objectives_decide() -> None:
    several = Objective("val_accuracy", "maximize", (MAXIMIZE, Objective("parameters", "minimize")))
    sizes = [300, 100, 200]
    results = [
        complete(number, value=0.9, values={"val_accuracy": 0.9, "parameters": size})
        for number, size in enumerate(sizes)
    ]
    assert [result.trial for result in best_first(results, several)] == [1, 2, 0]


def test_one_run_is_marked(store: str) -> None:
    client = MlflowClient(tracking_uri=store)
    first, second = (client.create_run("0").info.run_id for _ in range(2))
    mark(client, BEST, [first], [])
    mark(client, BEST, [second], [first])
    mark(client, BEST, [second], [second])
    found = client.search_runs(["0"], "tags.best = 'true'")
    assert [run.info.run_id for run in found] == [second]
