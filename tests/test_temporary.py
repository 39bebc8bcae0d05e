"""Temporary folders of drivers: gone with them, or swept by the next one."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparktune.temporary import HOST, PREFIX, driver_folder, host_folder, temporary_environment

DRIVER = """
import os, sys
from sparktune.temporary import driver_folder
(driver_folder() / "left").touch()
print(driver_folder(), flush=True)
sys.stdin.read()
if os.fork() == 0:
    sys.exit()
os.wait()
print(driver_folder().is_dir(), flush=True)
"""


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder, in which this process has none of its own yet."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv(HOST, raising=False)
    driver_folder.cache_clear()
    yield tmp_path
    driver_folder.cache_clear()


def driver(base: Path) -> tuple["subprocess.Popen[str]", Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(base)},
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_a_process_has_one_folder_of_its_own(base: Path) -> None:
    assert driver_folder() is driver_folder()
    assert driver_folder().parent == base
    assert [path.name for path in base.iterdir()] == [driver_folder().name]
    assert driver_folder().stat().st_mode & 0o077 == 0


def test_it_goes_with_its_process_not_with_a_fork_of_that(base: Path) -> None:
    process, folder = driver(base)
    assert (folder / "left").exists()
    assert process.communicate()[0].strip() == "True"
    assert not folder.exists()


def test_the_next_driver_removes_that_of_a_killed_one_and_spares_the_living(base: Path) -> None:
    living, kept = driver(base)
    killed, orphan = driver(base)
    killed.kill()
    killed.communicate()
    assert (orphan / "left").exists()
    mine = driver_folder()
    assert not orphan.exists()
    assert (kept / "left").exists()
    assert sorted(base.iterdir()) == sorted([kept, mine])
    living.communicate()


def test_what_is_no_folder_of_a_driver_stays(base: Path) -> None:
    (base / f"{PREFIX}file").touch()
    (base / "elsewhere").mkdir()
    (base / f"{PREFIX}link").symlink_to(base / "elsewhere")
    (base / "sparktune-1000").mkdir()
    (base / f"{PREFIX}study").mkdir(mode=0o700)
    (base / f"{PREFIX}my_study").mkdir(mode=0o755)
    driver_folder()
    left = {path.name for path in base.iterdir()} - {driver_folder().name}
    names = {f"{PREFIX}{name}" for name in ("file", "link", "study", "my_study")}
    assert left == names | {"elsewhere", "sparktune-1000"}


def test_workers_know_the_folder_of_the_host(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = temporary_environment(driver_folder())
    assert environment["TMPDIR"] == str(driver_folder())
    monkeypatch.setattr(tempfile, "tempdir", environment["TMPDIR"])
    monkeypatch.setenv(HOST, environment[HOST])
    assert host_folder() == base
