"""Trials beside Spark's Python worker: what their process sees, and when it is another one."""

import json
import os
import pickle
from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from sparktune.data.host import share
from sparktune.launch.payload import StudyPayload
from sparktune.launch.pending import WorkerLost
from sparktune.launch.spark.own_process import VISIBLE, run_apart
from sparktune.trial import Segment
from tests.launch import works
from tests.launch.contract import trial


@pytest.fixture
def payload(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> Iterator[StudyPayload]:
    """A study, in a process that stands for Spark's Python worker."""
    monkeypatch.setenv(VISIBLE, "-1")
    shared = share(works.tiny_data())
    yield StudyPayload(works.tiny_spec().model_dump_json(), shared.key, pickle.dumps(works.act))
    shared.close()


def seen(payload: StudyPayload, *addresses: str, **params: object) -> tuple[str, str]:
    """What a trial sees of the GPUs, and the process that it runs in."""
    asked = [Segment(trial(**{"do": "value", **params}))]
    ((record, _),) = run_apart(",".join(addresses), payload, asked, limit=2**20)
    told = json.loads(json.loads(record)["host"])
    return told["gpus"], told["process"]


def test_a_process_sees_its_gpus_and_is_used_while_they_are_the_same(payload: StudyPayload) -> None:
    assert seen(payload, "3", "5")[0] == "3,5"
    gpus, first = seen(payload, "7")
    assert gpus == "7"
    assert seen(payload, "7") == ("7", first)
    gpus, second = seen(payload, "2")
    assert gpus == "2"
    assert second != first
    assert int(second) != os.getpid()


def test_after_a_loss_the_next_process_sees_the_same_gpus(
    payload: StudyPayload, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WorkerLost, match="exited with code 6"):
        seen(payload, "4", do="depart", code=6)
    monkeypatch.setenv(VISIBLE, "-1")  # as it is between two tasks
    assert seen(payload, "4")[0] == "4"
