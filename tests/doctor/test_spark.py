"""Spark's version, its settings and the slots it gives."""

import pytest
from pyspark.sql import SparkSession

from sparktune.doctor.case import Case
from sparktune.doctor.spark import check_disk, check_slots, check_spark
from sparktune.errors import LaunchError
from sparktune.finding import Level
from sparktune.launch.spark.settings import SparkSettings
from sparktune.spec import StudySpec
from sparktune.study import runtime


def case_of(launcher: str, **resources: object) -> Case:
    return Case(StudySpec(resources={"launcher": launcher, **resources}))


def test_a_study_without_a_master_is_told_where_it_would_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "spark_is_configured", lambda: False)  # other tests have a session
    (found,) = check_spark(case_of("auto"))
    assert found.text.startswith("no master is configured, so that trials run on this machine; ")
    assert "spark-submit --master MASTER jobs/doctor.py, or set SPARK_MASTER" in found.text


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


def test_a_query_beyond_the_disk_is_named(spark: SparkSession) -> None:
    large, small = "SELECT id AS y FROM range(1000000000000)", "SELECT 1 AS y"
    data = {"source": "query", "query": small, "label": "y", "test": {"source": "query", "query": large}}
    (found,) = check_disk(Case(StudySpec(resources={"launcher": "spark"}, data=data)))
    assert found.level is Level.WARNING
    assert "Spark estimates 8000000000000 bytes" in found.text
    assert [*check_disk(case_of("spark"))] == []


def test_spark_does_not_start_for_processes_of_this_machine() -> None:
    case = case_of("local", parallelism=1)
    assert [*check_spark(case)] == []
    (slots,) = check_slots(case)
    assert slots.text == "1 trials at once in processes of this machine, each on 1 core"
    assert "_opened" not in case.__dict__
