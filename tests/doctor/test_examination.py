"""All checks together."""

import json
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from sparktune.doctor import Examination, examine
from sparktune.doctor.driver import not_installed
from sparktune.doctor.probe import versions
from sparktune.doctor.registry import CHECKS
from sparktune.finding import Finding, Level
from sparktune.spec import StudySpec


def test_a_cluster_on_which_studies_run_is_healthy(spark: SparkSession, tmp_path: Path) -> None:
    sections = {"resources": {"launcher": "spark"}, "output": {"directory": str(tmp_path)}}
    found = examine(StudySpec(**sections), offline=True)
    assert found.healthy, found
    silent = ("mlflow", "disk")  # offline, and nothing is read from Spark
    assert [name for name, _ in found.findings] == [n for n in CHECKS.names if n not in silent]
    assert json.loads(json.dumps(found.to_record()))["findings"][0]["level"] == "ok"


def test_what_ends_a_check_is_an_error_and_the_others_are_made_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "study").write_text("no folder")
    sections = {"resources": {"launcher": "local"}, "output": {"directory": str(tmp_path)}}
    found = examine(StudySpec(**sections, tracking={"uri": "http://127.0.0.1:9"}))
    levels = dict((name, finding.level) for name, finding in found.findings)
    assert (levels["study"], levels["mlflow"], levels["slots"]) == (Level.ERROR, Level.ERROR, Level.OK)
    assert not found.healthy


def test_a_package_that_the_driver_lacks_is_an_error_and_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr(
        "sparktune.doctor.driver.versions", lambda names: {**versions(names), "pyarrow": None}
    )
    output = {"directory": str(tmp_path), "checkpoints": (tmp_path / "shared").as_uri()}
    found = examine(StudySpec(resources={"launcher": "local"}, output=output), offline=True)
    errors = [(name, finding.text) for name, finding in found.findings if finding.level is Level.ERROR]
    assert errors == [("python", "pyarrow is not installed on the driver; pip install pyarrow")]
    assert found.findings[-1][0] == "slots"


def test_without_mlflow_the_other_checks_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("sparktune.doctor.tracking.version", missing)
    output = {"directory": str(tmp_path)}
    found = examine(StudySpec(resources={"launcher": "local"}, output=output))
    assert ("mlflow", not_installed("mlflow")) in found.findings
    assert not found.healthy and found.findings[-1][0] == "checkpoints"


def test_a_warning_is_no_reason_not_to_run() -> None:
    assert Examination([("memory", Finding(Level.WARNING, "little is left"))]).healthy
