"""The contracts on a cluster: run by test_clusters.py in a process of its own, as a process has one context.

MASTER names the cluster, of two hosts with two cores and two GPUs each.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from sparktune.errors import LaunchError
from sparktune.launch.spark.cluster import RESULT_OVERHEAD, Cluster
from sparktune.trial import TrialState
from tests.launch import works
from tests.launch.contract import (
    PATIENCE,
    facts,
    launched,
    launched_together,
    refilled,
    trial,
    until,
)
from tests.launch.quick_java import quick_java
from tests.launch.spark_contract import SparkContract, SparkLimitsContract, launch_on

MASTER = os.environ["MASTER"]
SLOTS = 4


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.maxResultSize": "2m",
        "spark.executor.extraJavaOptions": quick_java(),
        "spark.executor.memory": "512m",
        "spark.executor.resource.gpu.amount": "2",
        "spark.log.level": "OFF",
        "spark.python.daemon.module": "sparktune.launch.spark.watched_daemon",
        "spark.python.task.killTimeout": "200ms",
        "spark.python.worker.faulthandler.enabled": "true",
        "spark.task.maxFailures": "3",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master(MASTER).appName("contract")
    for key, value in settings.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    until_executors_are_there(session)
    yield session
    if session.sparkContext._jvm is not None:
        session.stop()


def until_executors_are_there(spark: SparkSession) -> None:
    until(lambda: spark.sparkContext._jsc.sc().getExecutorMemoryStatus().size() == 3)  # and the driver


class TestContract(SparkContract):
    expected_slots = SLOTS


class TestLimits(SparkLimitsContract):
    pass


def test_a_model_above_the_result_limit_fails_its_trial_alone(spark: SparkSession) -> None:
    with launch_on(spark) as launcher:
        large = launched(launcher, trial(do="bulky", bytes=2 * 2**20)).result(PATIENCE)
        small = launched(launcher, trial(do="bulky", bytes=1900 * 2**10)).result(PATIENCE)
    assert (large.state, large.attempt) == (TrialState.FAILED, 1)
    assert "spark.driver.maxResultSize" in (large.error or "")
    assert small.state is TrialState.COMPLETE
    assert len(small.model or b"") == 1900 * 2**10


def test_models_that_exceed_the_result_limit_together_all_come_home(spark: SparkSession) -> None:
    with launch_on(spark) as launcher:
        asked = [trial(n, do="bulky", bytes=size * 2**10) for n, size in enumerate((1200, 1300, 2048, 10))]
        results = [future.result(PATIENCE) for future in launched_together(launcher, asked)]
    assert [len(result.model or b"") // 2**10 for result in results] == [1200, 1300, 0, 10]
    assert results[2].state is TrialState.FAILED
    assert [result.attempt for result in results] == [1] * 4


def test_cores_of_a_trial_are_held_back_on_the_executors(spark: SparkSession, tmp_path: Path) -> None:
    with launch_on(spark, cpus=2) as launcher:
        assert launcher.slots() == SLOTS // 2
        for number in range(SLOTS):
            launched(launcher, trial(number, do="beat", pulse=str(tmp_path / str(number))))
        until(lambda: len(list(tmp_path.iterdir())) >= SLOTS // 2)
        time.sleep(1)
        assert len(list(tmp_path.iterdir())) == SLOTS // 2


def test_lost_executors_fail_no_trial(spark: SparkSession, tmp_path: Path) -> None:
    """Spark gives the job up after three of them; the trial goes on, and so does one beside it."""
    with launch_on(spark) as launcher:
        lost = launched(launcher, trial(0, do="fell", well_from=4, log=str(tmp_path / "log")))
        beside = launched(launcher, trial(1, do="value"))
        assert (lost.result(PATIENCE).state, lost.result().attempt) == (TrialState.COMPLETE, 4)
        assert beside.result(PATIENCE).state is TrialState.COMPLETE
    assert len((tmp_path / "log").read_text().splitlines()) == 4
    until_executors_are_there(spark)


@pytest.mark.parametrize(("share", "slots", "seen"), [(2.0, 2, {"3,7"}), (1.0, 4, {"3", "7"})])
def test_gpus_are_granted_by_spark(spark: SparkSession, share: float, slots: int, seen: set[str]) -> None:
    with launch_on(spark, gpus=share) as launcher:
        assert launcher.slots() == slots
        results = refilled(launcher, 3 * slots, do="value")
        assert {",".join(sorted(facts(r)["gpus"].split(","))) for r in results} == seen
        assert all(facts(r)["gpus"] == facts(r)["first_gpus"] for r in results)
    with launch_on(spark) as launcher:
        assert facts(launched(launcher, trial(do="value")).result(PATIENCE))["gpus"] == "-1"


def test_a_trial_that_ends_its_process_on_a_gpu_is_lost_and_others_go_on(
    spark: SparkSession, tmp_path: Path
) -> None:
    with launch_on(spark, gpus=1.0) as launcher:
        lost = launched(launcher, trial(do="vanish", log=str(tmp_path / "log"))).result(PATIENCE)
        assert (lost.state, lost.attempt) == (
            TrialState.FAILED,
            len((tmp_path / "log").read_text().splitlines()),
        )
        assert "the trial's own process was lost" in (lost.error or "")
        assert launched(launcher, trial(do="value")).result(PATIENCE).state is TrialState.COMPLETE


def test_a_cancelled_trial_leaves_its_gpu(spark: SparkSession, tmp_path: Path) -> None:
    pulse = tmp_path / "pulse"
    with launch_on(spark, gpus=1.0) as launcher:
        future = launched(launcher, trial(do="beat", pulse=str(pulse)))
        until(pulse.exists)
        launcher.cancel()
        assert future.result(PATIENCE).state is TrialState.KILLED
    until(lambda: time.time() - float(pulse.read_text() or 0) > 2)


def cluster(spark: SparkSession, **resources: object) -> Cluster:
    return Cluster(spark.sparkContext, works.tiny_spec(**resources).resources)


def test_what_the_cluster_runs_at_once(spark: SparkSession) -> None:
    whole, bounded = cluster(spark), cluster(spark, parallelism=1)
    assert (whole.slots(), whole.max_in_flight()) == (SLOTS, SLOTS + 1)
    assert (bounded.slots(), bounded.max_in_flight()) == (1, 1)
    assert whole.source.collect() == bounded.source.collect() == [None]
    assert whole.result_limit() == 2 * 2**20 - RESULT_OVERHEAD
    assert whole.alive()
    assert not whole.local
    with pytest.raises(LaunchError, match=r"resources.cpus=9, .* must fit into one executor, but none"):
        cluster(spark, cpus=9)


def test_the_end_of_the_jvm_is_a_launch_error(spark: SparkSession, tmp_path: Path) -> None:
    """The last test here: nothing of the context is left."""
    jvm = spark.sparkContext._jvm.java.lang.ProcessHandle.current().pid()
    pulse = tmp_path / "pulse"
    with launch_on(spark) as launcher:
        future = launched(launcher, trial(do="beat", pulse=str(pulse)))
        until(pulse.exists)
        os.kill(jvm, signal.SIGKILL)
        with pytest.raises(LaunchError, match=r"gone .* resume"):
            future.result(PATIENCE)
        with pytest.raises(LaunchError, match="gone"):
            launcher.slots()
        with pytest.raises(LaunchError, match="gone"):
            launched(launcher, trial(do="value")).result(PATIENCE)
    sys.modules["pyspark"].SparkContext._active_spark_context = None
    spark.sparkContext._jvm = None
