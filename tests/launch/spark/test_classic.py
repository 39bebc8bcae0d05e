"""SparkLauncher on the shared local session: the contracts, and what is peculiar to local mode."""

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from sparktune.errors import LaunchError
from sparktune.launch import SparkLauncher
from tests.launch import works
from tests.launch.contract import LIMITS, PATIENCE, LimitsContract, facts, launched, trial
from tests.launch.spark_contract import SparkContract, launch_on


class TestContract(SparkContract):
    @pytest.fixture(scope="class")
    @classmethod
    def launcher(cls, spark: SparkSession) -> Iterator[SparkLauncher]:
        with launch_on(spark) as launcher:
            yield launcher


class TestLimits(LimitsContract):
    @pytest.fixture(scope="class")
    @classmethod
    def limited(cls, spark: SparkSession) -> Iterator[SparkLauncher]:
        with launch_on(spark, **LIMITS) as launcher:
            yield launcher


def test_cores_of_a_trial_ration_the_slots(spark: SparkSession) -> None:
    with launch_on(spark, cpus=2) as launcher:
        assert (launcher.slots(), launcher.max_in_flight()) == (1, 1)
        assert facts(launched(launcher, trial(do="value")).result(PATIENCE))["threads"] == "2"


def test_local_mode_has_no_gpus(spark: SparkSession) -> None:
    with pytest.raises(LaunchError, match=r"resources.gpus must be 0 .* but got 0.5: .* local mode"):
        launch_on(spark, gpus=0.5)


def test_a_trial_without_gpus_sees_none(spark: SparkSession) -> None:
    with launch_on(spark) as launcher:
        assert facts(launched(launcher, trial(do="value")).result(PATIENCE))["gpus"] == "-1"


def test_a_session_of_another_kind_is_refused() -> None:
    with pytest.raises(LaunchError, match="classic SparkSession"):
        SparkLauncher(object(), works.act)  # type: ignore[arg-type]
