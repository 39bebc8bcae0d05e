"""The executors' Python and packages, beside the driver's."""

from dataclasses import replace

import pytest
from pyspark.sql import SparkSession

from sparktune.doctor import executors
from sparktune.doctor.case import Case
from sparktune.doctor.executors import check_hosts, differences
from sparktune.doctor.probe import Report, probe
from sparktune.finding import Level
from sparktune.spec import StudySpec


def test_a_host_says_what_it_has(spark: SparkSession) -> None:
    (found,) = check_hosts(Case(StudySpec(resources={"launcher": "spark"})))
    assert found.level is Level.OK
    assert "tensorflow 2." in found.text
    assert [*check_hosts(Case(StudySpec(resources={"launcher": "local"})))] == []


def test_differences_from_the_driver_are_named_with_the_way_out() -> None:
    same = Report(**probe())
    assert [*differences(same)] == []
    (python,) = differences(replace(same, python="3.9.1"))
    assert python.level is Level.ERROR
    assert "Python must be that of the driver" in python.text and "PYSPARK_PYTHON" in python.text
    missing, other = differences(
        replace(same, packages={**same.packages, "sparktune": None, "keras": "3.0.0"})
    )
    assert (missing.level, other.level) == (Level.ERROR, Level.WARNING)
    assert "sparktune is not installed; ship one environment" in missing.text
    assert "keras should be that of the driver" in other.text and "but is 3.0.0" in other.text


def test_what_the_driver_lacks_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    same = Report(**probe())
    monkeypatch.setattr(executors, "PACKAGES", ("numpy", "no-such-package"))
    assert [*differences(replace(same, packages={**same.packages, "no-such-package": "1.0"}))] == []
