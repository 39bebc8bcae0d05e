"""Runs written by requests."""

import math

from mlflow import MlflowClient

from sparktune.tracking.mlflow.entries import MetricPoint
from sparktune.tracking.mlflow.writer import Requests, parts


def test_a_long_history_is_written_in_parts(store: str) -> None:
    client = MlflowClient(tracking_uri=store)
    requests = Requests(client, "0")
    curves = {f"metric_{m}": [math.sin(e + m) for e in range(700)] for m in range(3)}
    points = [MetricPoint(name, v, e, 5_000) for name, values in curves.items() for e, v in enumerate(values)]
    params, tags = {f"p{n}": str(n) for n in range(230)}, {f"t{n}": str(n) for n in range(130)}
    run_id = requests.create(1_000, "long", {"mine": "yes"})
    requests.log(run_id, points, params, tags)
    requests.end(run_id, "FINISHED", 9_000)
    run = client.get_run(run_id)
    history = client.get_metric_history(run_id, "metric_2")
    assert [(p.step, p.value) for p in history] == list(enumerate(curves["metric_2"]))
    assert run.data.params == params
    assert tags.items() | {("mine", "yes")} <= run.data.tags.items()
    assert (run.info.run_name, run.info.start_time, run.info.end_time) == ("long", 1_000, 9_000)
    assert run.info.status == "FINISHED"


def test_parts_keep_the_order() -> None:
    assert [*parts([1, 2, 3, 4, 5], 2)] == [[1, 2], [3, 4], [5]]
    assert [*parts([], 2)] == []
