"""Places that a study writes to."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from sparktune.doctor import places
from sparktune.doctor.case import Case
from sparktune.doctor.probe import Report, probe
from sparktune.errors import LaunchError, StudyDirectoryError
from sparktune.finding import Level
from sparktune.spec import StudySpec


def case_of(folder: Path, launcher: str = "local", checkpoints: str | None = None) -> Case:
    output = {"directory": str(folder), "checkpoints": checkpoints}
    return Case(StudySpec(resources={"launcher": launcher}, output=output))


def test_the_driver_must_be_able_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = places.check_study_directory(case_of(tmp_path / "studies"))
    assert found.level is Level.OK
    assert not (tmp_path / "studies").exists()
    monkeypatch.setattr(places, "ROOM", 2**70)
    (found,) = places.check_study_directory(case_of(tmp_path))
    assert found.level is Level.WARNING
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    with pytest.raises(StudyDirectoryError, match=r"must be writable, .* is not; set output.directory"):
        [*places.check_study_directory(case_of(tmp_path))]
    monkeypatch.undo()
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "other.txt").write_text("not ours")
    with pytest.raises(StudyDirectoryError):
        [*places.check_study_directory(case_of(tmp_path))]


def test_hosts_that_do_not_see_large_checkpoints_are_named(tmp_path: Path) -> None:
    place = str(tmp_path / "shared")
    case = case_of(tmp_path, "spark", place)
    here = Report(**{**probe(), "shared": True})
    case.__dict__["executors"] = [here]
    assert [finding.level for finding in places.check_checkpoints(case)] == [Level.OK]
    case.__dict__["executors"] = [here, replace(here, host="far", shared=False)]
    (found,) = places.check_checkpoints(case)
    assert found.level is Level.ERROR
    assert found.text.startswith(f"far: output.checkpoints must be shared with the driver, but {place} ")


def test_without_a_shared_place_or_spark_there_is_nothing_to_share(tmp_path: Path) -> None:
    (sent,) = places.check_checkpoints(case_of(tmp_path))
    assert "larger ones are not kept" in sent.text
    (local,) = places.check_checkpoints(case_of(tmp_path, checkpoints=str(tmp_path)))
    assert local.text.endswith(f"go to {tmp_path}")
    assert [*tmp_path.iterdir()] == []


def test_a_place_is_tried_where_trials_run_on_this_machine(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(LaunchError, match=r"output\.checkpoints .*file/large cannot be written"):
        [*places.check_checkpoints(case_of(tmp_path, checkpoints=str(tmp_path / "file" / "large")))]
