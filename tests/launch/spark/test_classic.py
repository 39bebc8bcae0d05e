"""SparkLauncher on the shared local session: the contracts, and what is peculiar to local mode."""

from dataclasses import replace

import pytest
from pyspark.sql import SparkSession

from sparktune.data.host import DataKey, share
from sparktune.errors import LaunchError
from sparktune.launch import SparkLauncher
from tests.launch import works
from tests.launch.contract import LIMITS, PATIENCE, facts, launched, launched_together, trial
from tests.launch.spark_contract import SparkContract, SparkLimitsContract, launch_on


class TestContract(SparkContract):
    pass


class TestLimits(SparkLimitsContract):
    pass


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


@pytest.mark.fault("an executor has no room for the data: no trial is blamed")
@pytest.mark.parametrize("resources", [{}, LIMITS], ids=["worker", "own process"])
def test_an_executor_that_has_no_room_for_the_data_fails_no_trial(
    spark: SparkSession, resources: dict[str, object]
) -> None:
    data = replace(share(works.tiny_data()), key=DataKey("0" * 64, 8))
    with SparkLauncher(spark, works.act) as launcher:
        launcher.start(works.tiny_spec(**resources), data)
        for future in launched_together(launcher, [trial(n, do="value") for n in range(2)]):
            with pytest.raises(
                LaunchError, match=r"(?s)^an executor cannot .* DataError: the data set must fit"
            ):
                future.result(PATIENCE)


def test_a_session_of_another_kind_is_refused() -> None:
    with pytest.raises(LaunchError, match="classic SparkSession"):
        SparkLauncher(object(), works.act)  # type: ignore[arg-type]
