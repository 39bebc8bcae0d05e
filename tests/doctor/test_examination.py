"""All checks together."""

import json
from pathlib import Path

from pyspark.sql import SparkSession

from sparktune.doctor import Examination, examine
from sparktune.doctor.registry import CHECKS
from sparktune.finding import Finding, Level
from sparktune.spec import StudySpec


def test_a_cluster_on_which_studies_run_is_healthy(spark: SparkSession, tmp_path: Path) -> None:
    sections = {"resources": {"launcher": "spark"}, "output": {"directory": str(tmp_path)}}
    found = examine(StudySpec(**sections), offline=True)
    assert found.healthy, found
    silent = ("mlflow", "heap")  # offline, and nothing is read from Spark
    assert [name for name, _ in found.findings] == [n for n in CHECKS.names if n not in silent]
    assert json.loads(json.dumps(found.to_record()))["findings"][0]["level"] == "ok"


def test_what_ends_a_check_is_an_error_and_the_others_are_made_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "study").write_text("no folder")
    sections = {"resources": {"launcher": "local"}, "output": {"directory": str(tmp_path)}}
    found = examine(StudySpec(**sections, tracking={"uri": "http://127.0.0.1:9"}))
    levels = dict((name, finding.level) for name, finding in found.findings)
    assert (levels["study"], levels["mlflow"], levels["slots"]) == (Level.ERROR, Level.ERROR, Level.OK)
    assert not found.healthy


def test_a_warning_is_no_reason_not_to_run() -> None:
    assert Examination([("memory", Finding(Level.WARNING, "little is left"))]).healthy
