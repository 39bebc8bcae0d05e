"""Spark's version, its settings and the slots it gives."""

import pytest
from pyspark.sql import SparkSession

from sparktune.doctor.case import Case
from sparktune.doctor.spark import check_slots, check_spark
from sparktune.errors import LaunchError
from sparktune.finding import Level
from sparktune.launch.spark.settings import SparkSettings
from sparktune.spec import StudySpec


def case_of(launcher: str, **resources: object) -> Case:
    return Case(StudySpec(resources={"launcher": launcher, **resources}))


def test_settings_and_slots_of_a_session(spark: SparkSession) -> None:
    case = case_of("spark", cpus=2)
    (version,) = check_spark(case)
    assert version.text.endswith("master local[2]")
    (slots,) = check_slots(case)
    assert slots.text == "1 trials at once by Spark, each on 2 cores"
    case.__dict__["settings"] = SparkSettings("local[2]", {"spark.task.resource.gpu.amount": "1"})
    assert [finding.level for finding in check_spark(case)] == [Level.OK, Level.ERROR]
    with pytest.raises(LaunchError, match="must fit into one executor"):
        [*check_slots(case_of("spark", cpus=3))]


def test_spark_does_not_start_for_processes_of_this_machine() -> None:
    case = case_of("local", parallelism=1)
    assert [*check_spark(case)] == []
    (slots,) = check_slots(case)
    assert slots.text == "1 trials at once in processes of this machine, each on 1 core"
    assert "_opened" not in case.__dict__
