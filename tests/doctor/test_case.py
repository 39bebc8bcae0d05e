"""What the checks look at: a real session, and executors that answer or do not."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from sparktune.doctor.case import Case
from sparktune.errors import LaunchError
from sparktune.spec import StudySpec


def case_of(**output: object) -> Case:
    return Case(StudySpec(resources={"launcher": "spark"}, output=output))


def test_every_host_answers_once_and_leaves_nothing(spark: SparkSession, tmp_path: Path) -> None:
    case = case_of(checkpoints=str(tmp_path / "shared"))
    (report,) = case.executors
    assert report.shared
    assert [*(tmp_path / "shared").iterdir()] == []
    assert case.settings.local
    assert case.session is spark


def test_a_place_that_cannot_be_written_is_named(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(LaunchError, match=r"output\.checkpoints .*file/shared cannot be written"):
        _ = case_of(checkpoints=str(tmp_path / "file" / "shared")).executors
