"""The task in Spark's Python workers: how it leaves them; copies of it are in `test_clusters.py`."""

import os
import tempfile
from pathlib import Path

import pytest
from pyspark import SparkFiles
from pyspark.sql import SparkSession

from sparktune.launch import SparkLauncher
from sparktune.launch.memory import GROWTH
from sparktune.launch.spark.task import environment_restored, temporary_files_of_spark
from sparktune.temporary import HOST, host_folder
from sparktune.trial import TrialState
from tests.launch.contract import PATIENCE, facts, launched, trial, until
from tests.launch.spark_contract import launch_on


def environments(spark: SparkSession) -> dict[int, dict[str, str]]:
    """The variables of each Python worker that a few tasks meet."""
    rows = spark.sparkContext.parallelize([0], 1).map(lambda _: (os.getpid(), dict(os.environ)))
    return dict(rows.collect()[0] for _ in range(6))


def process_of(launcher: SparkLauncher, number: int, **params: object) -> int:
    result = launched(launcher, trial(number, **{"do": "value", **params})).result(PATIENCE)
    assert (result.state, result.attempt) == (TrialState.COMPLETE, 1)
    return int(facts(result)["process"])


def test_other_tasks_see_the_environment_as_it_was(spark: SparkSession) -> None:
    before = environments(spark)
    with launch_on(spark) as launcher:
        used = {process_of(launcher, number) for number in range(6)}
    after = environments(spark)
    both = before.keys() & after.keys() & used
    assert both, "no worker was met before, by a trial and after"
    assert all(before[process] == after[process] for process in both)


def test_the_environment_is_restored_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.setenv("CHANGED", "1")
    monkeypatch.delenv("ADDED", raising=False)
    before = dict(os.environ)
    with pytest.raises(ZeroDivisionError), environment_restored():
        os.environ.update(CHANGED="2", ADDED="3")
        del os.environ["KEPT"]
        _ = 1 / 0
    assert dict(os.environ) == before


def test_temporary_files_lie_where_spark_removes_them(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(HOST, raising=False)
    before = tempfile.gettempdir()
    with environment_restored(), temporary_files_of_spark():
        assert tempfile.gettempdir() == SparkFiles.getRootDirectory()
        assert host_folder() == Path(before)
    assert tempfile.gettempdir() == before


def test_a_worker_that_has_outgrown_its_bound_is_replaced_and_fails_nothing(spark: SparkSession) -> None:
    with launch_on(spark, parallelism=1) as launcher:
        for number in range(4):  # each worker that waits has had its first trial then
            process_of(launcher, number)
        grown = process_of(launcher, 4, do="grow", bytes=GROWTH + 2**26)
        later = {process_of(launcher, number) for number in range(5, 11)}
    assert grown not in later
    until(lambda: not Path(f"/proc/{grown}").exists())
