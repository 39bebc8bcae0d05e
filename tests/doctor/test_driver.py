"""The driver's Python and memory."""

import pytest

from sparktune.doctor import driver
from sparktune.doctor.case import Case
from sparktune.finding import Level
from sparktune.spec import StudySpec

CASE = Case(StudySpec(resources={"launcher": "local"}))


def test_what_is_missing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = driver.check_python(CASE)
    assert "keras 3." in found.text
    monkeypatch.setattr(driver, "PACKAGES", ("numpy", "no-such-package"))
    assert [finding.level for finding in driver.check_python(CASE)] == [Level.OK, Level.ERROR]


@pytest.mark.parametrize(("memory", "level"), [(None, Level.OK), (2**30, Level.WARNING), (2**33, Level.OK)])
def test_little_memory_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, memory: int | None, level: Level
) -> None:
    monkeypatch.setattr(driver, "available_memory", lambda: memory)
    (found,) = driver.check_memory(CASE)
    assert found.level is level
