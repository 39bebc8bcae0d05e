"""Real training behind each launcher: the same seed gives the same numbers wherever a trial runs."""

import pytest
from pyspark.sql import SparkSession

from sparktune.launch import Launcher, LocalLauncher, SparkLauncher
from sparktune.spec import StudySpec
from sparktune.trial import Trial, TrialResult, TrialState
from tests.launch.contract import launched, launched_together, started
from tests.launch.works import tiny_data

pytestmark = pytest.mark.usefixtures("fork_server")
SPEC = StudySpec.model_validate(
    {
        "study": {"name": "line"},
        "model": {"kind": "linear"},
        "search": {"space": {"learning_rate": [0.01, 0.02]}},
        "training": {"epochs": 2, "optimizer": "sgd", "batch_size": 4},
    }
)


TRIALS = [Trial("line", n, {"learning_rate": rate}, seed=3) for n, rate in enumerate((0.01, 0.02))]


def trained(launcher: Launcher) -> list[TrialResult]:
    with started(launcher, SPEC, tiny_data()):
        return [future.result(120) for future in [launched(launcher, trial) for trial in TRIALS]]


def trained_as_one(launcher: Launcher) -> list[TrialResult]:
    resources = SPEC.resources.model_copy(update={"fuse": 2})
    with started(launcher, SPEC.model_copy(update={"resources": resources}), tiny_data()):
        results = [future.result(120) for future in launched_together(launcher, TRIALS)]
    assert [result.notes.fused for result in results] == ["2", "2"]
    return results


@pytest.fixture(scope="module")
def locally() -> list[TrialResult]:
    return trained(LocalLauncher())


def test_trials_train_in_local_processes(locally: list[TrialResult]) -> None:
    assert [result.state for result in locally] == [TrialState.COMPLETE] * 2, locally[0].error
    assert all(len(result.history["val_loss"]) == 2 and result.model for result in locally)


def test_trials_train_the_same_on_spark(spark: SparkSession, locally: list[TrialResult]) -> None:
    results = trained(SparkLauncher(spark))
    assert [result.history for result in results] == [result.history for result in locally]
    assert [result.value for result in results] == [result.value for result in locally]


def test_alike_trials_train_as_one_in_local_processes(locally: list[TrialResult]) -> None:
    results = trained_as_one(LocalLauncher())
    assert [result.value for result in results] == pytest.approx([result.value for result in locally])


def test_alike_trials_train_as_one_on_spark(spark: SparkSession, locally: list[TrialResult]) -> None:
    results = trained_as_one(SparkLauncher(spark))
    assert [result.value for result in results] == pytest.approx([result.value for result in locally])
