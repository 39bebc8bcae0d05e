"""Which Java Spark would start."""

import os
from pathlib import Path

import pytest

from sparktune.errors import LaunchError
from sparktune.launch.jvm.java import check_java


def fake_java(home: Path, says: str, code: int = 0) -> None:
    (home / "bin").mkdir()
    java = home / "bin" / "java"
    java.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit {code}\n")
    java.chmod(0o755)


def test_the_java_of_this_machine_is_new_enough() -> None:
    assert check_java() >= 17


def test_no_java_names_the_way_to_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LaunchError, match="no java on PATH") as caught:
        check_java()
    for command in (
        "apt-get install openjdk-17",
        "dnf install java-",
        "brew install openjdk",
        "conda install",
    ):
        assert command in str(caught.value)


def test_java_home_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(LaunchError, match=f"JAVA_HOME={tmp_path} has no bin/java"):
        check_java()
    fake_java(tmp_path, 'openjdk version "21.0.2" 2024-01-16')
    assert check_java() == 21
    (tmp_path / "release").write_text('IMPLEMENTOR="x"\nJAVA_VERSION="17.0.9"\n')
    assert check_java() == 17


@pytest.mark.parametrize(
    ("says", "code", "sign"),
    [
        ('java version "1.8.0_392"', 0, "is version 8"),
        ('openjdk version "11.0.21" 2023-10-17', 0, "is version 11"),
        ("The operation could not be completed. Unable to locate a Java Runtime.", 1, "does not run"),
    ],
)
def test_a_java_that_cannot_run_spark_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, says: str, code: int, sign: str
) -> None:
    fake_java(tmp_path, says, code)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", os.defpath)
    with pytest.raises(LaunchError, match=sign):
        check_java()
