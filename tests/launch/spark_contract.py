"""What SparkLauncher promises besides the contract, on every kind of master: that of the fixture `spark`."""

import json
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from pyspark import InheritableThread, cloudpickle
from pyspark.sql import SparkSession

from sparktune.errors import LaunchError
from sparktune.launch import SparkLauncher
from sparktune.trial import TrialState
from tests.launch import works
from tests.launch.contract import (
    LIMITS,
    PATIENCE,
    LauncherContract,
    LimitsContract,
    facts,
    launched,
    launched_together,
    started,
    trial,
    until,
)

cloudpickle.register_pickle_by_value(works)  # executors do not see the tests


def launch_on(spark: SparkSession, **resources: object) -> SparkLauncher:
    launcher = SparkLauncher(spark, works.act)
    started(launcher, works.tiny_spec(**resources), works.tiny_data())
    return launcher


def jobs(spark: SparkSession) -> list[dict[str, Any]]:
    """The jobs that the Spark UI shows."""
    context = spark.sparkContext
    url = f"{context.uiWebUrl}/api/v1/applications/{context.applicationId}/jobs"
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        told: list[dict[str, Any]] = json.load(answer)
    return told


class SparkLimitsContract(LimitsContract):
    @pytest.fixture(scope="class")
    @classmethod
    def limited(cls, spark: SparkSession) -> Iterator[SparkLauncher]:
        with launch_on(spark, **LIMITS) as launcher:
            yield launcher


class SparkContract(LauncherContract):
    @pytest.fixture(scope="class")
    @classmethod
    def launcher(cls, spark: SparkSession) -> Iterator[SparkLauncher]:
        with launch_on(spark) as launcher:
            yield launcher

    afterglow = 15.0

    def test_a_trial_writes_to_the_places_that_the_driver_means(self, launcher: SparkLauncher) -> None:
        """An executor may have a working directory of its own."""
        folder = facts(launched(launcher, trial(do="value")).result(PATIENCE))["folder"]
        assert Path(folder) == works.tiny_spec().study_directory.absolute()

    def test_the_spark_ui_shows_study_and_trial(self, spark: SparkSession, launcher: SparkLauncher) -> None:
        launched(launcher, trial(12, do="value", neurons=64)).result(PATIENCE)
        title = "contract/trial 12: do=value neurons=64"
        until(
            lambda: [job for job in jobs(spark) if job.get("description") == title]
        )  # it shows a little later
        (shown,) = (job for job in jobs(spark) if job.get("description") == title)
        study, one = sorted(shown["jobTags"])
        assert study.startswith("sparktune/contract/")
        assert one == f"{study}/12"
        assert shown["numTasks"] == 1

    def test_trials_launched_together_share_a_job(self, spark: SparkSession, launcher: SparkLauncher) -> None:
        for future in launched_together(launcher, [trial(n, do="value") for n in (71, 72)]):
            future.result(PATIENCE)
        title = "contract/trials 71, 72"
        until(lambda: [job for job in jobs(spark) if job.get("description") == title])
        (shown,) = (job for job in jobs(spark) if job.get("description") == title)
        study, *each = sorted(shown["jobTags"])
        assert each == [f"{study}/71", f"{study}/72"]
        assert shown["numTasks"] == 1

    def test_cancel_spares_other_work_of_the_context(
        self, spark: SparkSession, launcher: SparkLauncher, tmp_path: Path
    ) -> None:
        context, started, answers = spark.sparkContext, str(tmp_path / "started"), []

        def other(row: int) -> int:
            Path(started).touch()
            time.sleep(2.5)
            return row

        thread = InheritableThread(
            target=lambda: answers.extend(context.parallelize([5], 1).map(other).collect())
        )
        thread.start()
        until(Path(started).exists)
        with launch_on(spark) as neighbour:
            killed = launched(launcher, trial(do="beat", pulse=str(tmp_path / "pulse")))
            napping = launched(neighbour, trial(do="nap", seconds=1.5))
            launcher.cancel()
            assert killed.result(1).state is TrialState.KILLED
            assert napping.result(PATIENCE).state is TrialState.COMPLETE
        thread.join()
        assert answers == [5]

    def test_a_job_cancelled_by_others_is_killed_not_failed(
        self, spark: SparkSession, launcher: SparkLauncher, tmp_path: Path
    ) -> None:
        pulse = tmp_path / "pulse"
        future = launched(launcher, trial(do="beat", pulse=str(pulse)))
        until(pulse.exists)
        spark.sparkContext.cancelAllJobs()
        assert future.result(PATIENCE).state is TrialState.KILLED

    def test_parallelism_bounds_the_slots(self, spark: SparkSession) -> None:
        with launch_on(spark, parallelism=1) as launcher:
            assert (launcher.slots(), launcher.max_in_flight()) == (1, 1)
        with launch_on(spark, parallelism=50) as launcher:
            assert launcher.slots() == self.expected_slots

    def test_a_trial_larger_than_any_executor_is_refused(self, spark: SparkSession) -> None:
        with pytest.raises(LaunchError, match=r"resources.cpus=64.* must fit into one executor"):
            launch_on(spark, cpus=64)

    def test_work_that_cannot_be_sent_is_refused(self, spark: SparkSession) -> None:
        lock = Future()  # type: ignore[var-annotated]
        with pytest.raises(LaunchError, match="can be pickled"):
            started(SparkLauncher(spark, lambda t, s, d: lock.result()), works.tiny_spec(), works.tiny_data())

    def test_close_refuses_trials(self, spark: SparkSession) -> None:
        launcher = launch_on(spark)
        launcher.close()
        launcher.close()
        with pytest.raises(LaunchError, match="closed"):
            launched(launcher, trial(do="value"))
