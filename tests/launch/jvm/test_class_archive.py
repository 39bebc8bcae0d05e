"""The archive of Spark's classes: made once, used by sessions, and harmless where it does not fit."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyspark
import pytest

from sparktune.launch.jvm.class_archive import archive_file, archive_options, build_archive
from sparktune.launch.jvm.java import find_java

MAPPED = """
import json
from pathlib import Path
from sparktune.launch import open_session
spark = open_session()
told = spark.sparkContext._jvm.java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments()
maps = Path(f"/proc/{spark.sparkContext._gateway.proc.pid}/maps")
mapped = "/sparktune/spark-" in (maps.read_text() if maps.exists() else str(told))
print(json.dumps([spark.sparkContext.parallelize([20, 22], 1).sum(), mapped]))
spark.stop()
"""
INCUBATOR = ["WARNING: Using incubator modules: jdk.incubator.vector"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder, with a blank in its path, that holds what the module has made.

    The user's archive is of this code's making too, by `make install`; a copy saves half a minute.
    """
    cache = tmp_path_factory.mktemp("a cache")
    if (made := archive_file()) is not None:
        (cache / "sparktune").mkdir(mode=0o700)
        shutil.copy2(made, cache / "sparktune")
        return cache
    command = [sys.executable, "-W", "error", "-m", "sparktune.launch.jvm.class_archive"]
    environment = os.environ | {"XDG_CACHE_HOME": str(cache)}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200)
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")
    return cache


def only_file(cache: Path) -> Path:
    (file,) = (cache / "sparktune").iterdir()
    return file


def test_a_session_maps_the_archive(built: Path) -> None:
    environment = os.environ | {"XDG_CACHE_HOME": str(built), "SPARK_MASTER": "local[1]"}
    command = [sys.executable, "-c", MAPPED]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout) == [42, True]
    assert told.stderr.splitlines() in ([], INCUBATOR)


@pytest.mark.parametrize("content", ["whole", "noise"])
def test_an_archive_of_other_classes_is_passed_over_in_silence(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    """Java's own check, here of a file for another class path and of one that is no archive."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(built))
    if content == "noise":
        archive_of(64, tmp_path, only_file(built), monkeypatch).write_bytes(b"nonsense" * 8)
    jar = next(Path(pyspark.__path__[0], "jars").glob("*.jar"))
    command = [str(find_java()), *archive_options(), "-cp", str(jar), "-version"]
    assert any("SharedArchiveFile" in word for word in command)
    told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    plain = subprocess.run([str(find_java()), "-version"], capture_output=True, text=True, timeout=60)
    assert (told.returncode, told.stdout) == (0, "")
    assert told.stderr.replace(", sharing", "") == plain.stderr.replace(", sharing", "")


def test_one_that_exists_is_kept(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(built))
    before = only_file(built).stat().st_mtime_ns
    build_archive()
    assert only_file(built).stat().st_mtime_ns == before


def test_only_a_whole_file_of_this_user_alone_is_used(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 64
    file = archive_of(size, tmp_path, only_file(built), monkeypatch)
    for length, mode, used in ((size, 0o644, file), (size, 0o664, None), (size - 1, 0o644, None)):
        os.truncate(file, length)
        file.chmod(mode)
        assert archive_file() == used
    os.truncate(file, size)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert archive_file() is None


def test_another_configuration_or_java_has_its_own(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(built))
    assert archive_file() == only_file(built)
    with monkeypatch.context() as other:
        other.setenv("SPARK_CONF_DIR", str(tmp_path))
        assert archive_file() is None
    fake_java(tmp_path, monkeypatch)
    assert archive_file() is None


def test_a_failure_is_a_warning_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    fake_java(tmp_path / "java", monkeypatch)
    build_archive()
    assert "start more slowly" in caplog.text
    assert list((tmp_path / "sparktune").iterdir()) == []
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    build_archive()
    assert "JAVA_HOME=/nowhere has no bin/java" in caplog.text


def archive_of(size: int, cache: Path, like: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of zeros named as the archive of this size would be, in another cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    assert archive_file() is None
    file = cache / "sparktune" / like.with_suffix("").with_suffix(f".{size}.jsa").name
    file.parent.mkdir()
    file.touch(0o644)
    os.truncate(file, size)
    return file


def fake_java(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Java 17 by its looks, which only fails."""
    java = home / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text("#!/bin/sh\nexit 1\n")
    java.chmod(0o755)
    (home / "release").write_text('JAVA_VERSION="17.0.1"\n')
    monkeypatch.setenv("JAVA_HOME", str(home))
