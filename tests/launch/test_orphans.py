"""What killed processes leave is found and removed, what live ones own is not."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparktune.data import host
from sparktune.launch import orphans
from sparktune.launch.orphans import DAY, Orphan, find_orphans
from sparktune.temporary import HOST

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="locks as Linux has them")
USER = """
import sys, time
from pathlib import Path
import numpy as np
from sparktune.columns.schema import Feature, Schema
from sparktune.data import Dataset, Rows, host
from sparktune.temporary import driver_folder

host.MEMORY = Path(sys.argv[1])
if sys.argv[2] == "orphan":  # the process that deletes the copy is killed too
    host._start_remover = lambda remover, lock, files: None
rows = Rows(np.zeros((50, 2), "float32"), np.zeros(50, "float32"))
schema = Schema(features=(Feature(name="x", shape=(2,)),), input_shape=(2,), task="regression", outputs=1)
(driver_folder() / "left").write_bytes(bytes(1000))
shared = host.share(Dataset(rows, rows, None, schema, "d" * 64))
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder and a memory of their own for these tests."""
    for name in ("memory", "tmp", "cache"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv(HOST, str(tmp_path / "tmp"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(host, "MEMORY", tmp_path / "memory")
    monkeypatch.setattr(orphans, "MEMORY", tmp_path / "memory")
    monkeypatch.setattr(orphans, "SHARED", tmp_path / "tmp")
    yield tmp_path


def user(places: Path, kind: str) -> "subprocess.Popen[str]":
    """A driver that shares data."""
    process = subprocess.Popen(
        [sys.executable, "-c", USER, str(places / "memory"), kind], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.stdout.close()
    return process


def whats(found: list[Orphan]) -> list[str]:
    return [orphan.what for orphan in found]


def test_what_a_live_driver_owns_is_left_and_removed_once_it_is_killed(places: Path) -> None:
    driver = user(places, "orphan")
    try:
        assert find_orphans() == []
    finally:
        os.kill(driver.pid, signal.SIGKILL)
        driver.wait()
    found = find_orphans()
    assert whats(found) == ["folder of a dead driver", "unused copy of data"]
    assert found[0].bytes == 1000 and found[1].bytes > 50 * 2 * 4
    assert all(orphan.path.exists() for orphan in found), "listing removes nothing"
    assert [orphan.remove() for orphan in found] == [True, True]
    assert find_orphans() == []
    assert [path for path in places.rglob("*") if path.is_file()] == []


def test_an_orphan_that_found_an_owner_stays(places: Path) -> None:
    driver = user(places, "orphan")
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    copy = next(orphan for orphan in find_orphans() if orphan.what == "unused copy of data")
    heir = user(places, "orphan")
    try:
        assert copy.remove() is False
        assert copy.path.exists()
    finally:
        heir.kill()
        heir.wait()


def made(places: Path, file: str | None = None, days: float = 2) -> Path:
    """A temporary folder of this package with a file in it, all of them so many days old."""
    folder = Path(tempfile.mkdtemp(prefix="sparktune-", dir=places / "tmp"))
    if file is not None:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (time.time() - days * DAY,) * 2)
    return folder


def test_folders_of_fork_servers_and_old_ones(places: Path) -> None:
    answering, silent, file = (made(places, days=0) for _ in range(3))
    old, empty = made(places, "saved_model/variables/data"), made(places)
    made(places, "model.keras", days=0)
    touched = made(places, "saved_model/variables/data")
    os.utime(touched / "saved_model" / "variables" / "data")
    (file / "socket").touch()
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as dead:
        server.bind(str(answering / "socket"))
        server.listen()
        dead.bind(str(silent / "socket"))
        dead.close()
        os.utime(answering, (time.time() - 2 * DAY,) * 2)
        found = find_orphans()
    assert {orphan.path for orphan in found} == {silent, old, empty}
    assert all(orphan.remove() for orphan in found)


@pytest.mark.parametrize(
    "file",
    ["ledger.jsonl", "studies/deep/ledger.jsonl", "saved_model/.git", "model.keras/pyproject.toml", "notes"],
)
def test_the_work_of_a_user_is_no_orphan(places: Path, file: str) -> None:
    """However old: a folder's time does not change where a file deeper down does."""
    folder = made(places, file)
    folder.rename(folder.with_name("sparktune-driver-abcdefgh"))
    made(places, file)
    made(places, file).rename(places / "tmp" / "sparktune-rev9")
    found = find_orphans()
    assert [orphan.path.name for orphan in found] == ["sparktune-driver-abcdefgh"] * (file == "notes")


@pytest.mark.parametrize("name", ["sparktune-rev9", "sparktune-driver-rev9", "sparktune-My_study", "mode"])
def test_a_folder_that_this_package_did_not_make_is_no_orphan(places: Path, name: str) -> None:
    folder = made(places)
    folder.chmod(0o755) if name == "mode" else folder.rename(folder.with_name(name))
    assert find_orphans() == []


def test_a_folder_in_which_a_process_works_is_no_orphan(places: Path) -> None:
    folder = made(places, "saved_model/data")
    (orphan,) = find_orphans()
    process = subprocess.Popen(["sleep", "600"], cwd=folder / "saved_model")
    try:
        assert find_orphans() == []
        assert orphan.remove() is False
    finally:
        process.kill()
        process.wait()
    assert orphan.remove() is True


def test_a_link_to_somewhere_else_is_no_orphan(places: Path) -> None:
    (places / "mine").mkdir()
    (places / "tmp" / "sparktune-link").symlink_to(places / "mine")
    (places / "tmp" / "sparktune-driver-link").symlink_to(places / "mine")
    assert find_orphans() == []


def test_archives_that_were_cut_off_and_on_request_those_of_others(places: Path) -> None:
    cache = places / "cache" / "sparktune"
    (cache / ".building-now").mkdir(parents=True)
    shutil.copytree(cache / ".building-now", cache / ".building-then")
    os.utime(cache / ".building-then", (time.time() - DAY,) * 2)
    (cache / "spark-1.2.3-abc.5.jsa").write_text("12345")
    assert [orphan.path.name for orphan in find_orphans()] == [".building-then"]
    every = find_orphans(other_archives=True)
    assert [(orphan.what, orphan.bytes) for orphan in every] == [
        ("unfinished archive", 0),
        ("other archive", 5),
    ]
    assert all(orphan.remove() for orphan in every)
    assert [path.name for path in cache.iterdir()] == [".building-now"]
