"""What the checks look at: a real session, and executors that answer or do not."""

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from sparktune.doctor import case as module
from sparktune.doctor.case import Case
from sparktune.doctor.examination import examine
from sparktune.errors import LaunchError
from sparktune.finding import Level
from sparktune.launch.spark.everywhere import on_each_slot
from sparktune.launch.spark.settings import SparkSettings
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


def test_executors_are_asked_again_while_more_of_them_start(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def ask(*given: Any) -> list[dict[str, Any]]:
        asked.append(given[0].defaultParallelism)
        return on_each_slot(*given)

    at_work = property(lambda case: 1 + min(len(asked), 2))  # two of a cluster start while they are asked
    monkeypatch.setattr(Case, "_executors_at_work", at_work)
    monkeypatch.setattr(module, "on_each_slot", ask)
    assert len(case_of().executors) == 1
    assert len(asked) == 3


def test_executors_that_do_not_answer_are_asked_once(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def ask(*given: Any) -> list[dict[str, Any]]:
        asked.append(1)
        raise LaunchError("no executor has answered")

    monkeypatch.setattr(module, "on_each_slot", ask)
    output = {"directory": str(tmp_path), "checkpoints": str(tmp_path / "shared")}
    found = examine(StudySpec(resources={"launcher": "spark"}, output=output), offline=True)
    assert [f.text for _, f in found.findings if f.level is Level.ERROR] == ["no executor has answered"]
    assert len(asked) == 1


def test_a_place_that_cannot_be_written_is_named(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(LaunchError, match=r"output\.checkpoints .*file/shared cannot be written"):
        _ = case_of(checkpoints=str(tmp_path / "file" / "shared")).executors


def test_executors_are_not_asked_where_jobs_would_hang(spark: SparkSession) -> None:
    case = case_of()
    case.__dict__["settings"] = SparkSettings("local[2]", {"spark.task.resource.gpu.amount": "1"})
    with pytest.raises(LaunchError, match="executors are not asked before the settings"):
        _ = case.executors


def test_a_spark_that_does_not_start_is_tried_and_named_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[StudySpec] = []

    def refuse(spec: StudySpec) -> None:
        tries.append(spec)
        raise LaunchError("Spark does not start: no cores")

    monkeypatch.setattr(module, "open_session", refuse)
    sections = {"resources": {"launcher": "spark"}, "output": {"directory": str(tmp_path)}}
    found = examine(StudySpec(**sections), offline=True)
    errors = [(name, finding.text) for name, finding in found.findings if finding.level is Level.ERROR]
    assert errors == [("spark", "Spark does not start: no cores")]
    assert len(tries) == 1
