"""A function on each slot of a real session, within its time."""

import time

import pytest
from pyspark.sql import SparkSession

from sparktune.doctor.probe import probe, versions
from sparktune.errors import LaunchError
from sparktune.launch.spark.everywhere import on_each_slot


def test_each_slot_answers(spark: SparkSession) -> None:
    answers = on_each_slot(spark.sparkContext, 60, versions, ("numpy", "no-such-package"))
    assert len(answers) == spark.sparkContext.defaultParallelism
    assert {answer["no-such-package"] for answer in answers} == {None}


def test_what_does_not_answer_is_no_reason_to_wait_for_ever(spark: SparkSession) -> None:
    begun = time.monotonic()
    with pytest.raises(LaunchError, match=r"no executor has answered within 0\.3 s"):
        on_each_slot(spark.sparkContext, 0.3, probe, None, 3.0)
    assert time.monotonic() - begun < 2.5


def test_what_cannot_run_there_says_why(spark: SparkSession) -> None:
    with pytest.raises(LaunchError, match=r"TypeError|AttributeError"):
        on_each_slot(spark.sparkContext, 60, versions, (1,))
