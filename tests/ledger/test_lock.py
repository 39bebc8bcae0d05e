"""One driver at a time, and a lock that no death of a driver leaves behind."""

import json
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sparktune.errors import StudyDirectoryError
from sparktune.ledger.lock import DriverLock, is_driven

HOLDER = """
import sys, time
from pathlib import Path
from sparktune.ledger.lock import DriverLock, is_driven
lock = DriverLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_it_says_who_holds_it(tmp_path: Path) -> None:
    lock = DriverLock(tmp_path / "lock")
    assert json.loads((tmp_path / "lock").read_text()) == {
        "pid": os.getpid(),
        "pid_namespace": str(Path("/proc/self/ns/pid").readlink()),
        "host": socket.gethostname(),
    }
    with pytest.raises(StudyDirectoryError, match=f"in use by another driver .process {os.getpid()} on host"):
        DriverLock(tmp_path / "lock")
    lock.close()


def test_it_is_free_after_close_and_closes_twice(tmp_path: Path) -> None:
    for _ in range(2):
        lock = DriverLock(tmp_path / "lock")
        lock.close()
        lock.close()


def test_a_full_disk_leaves_it_free(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(OSError):
            DriverLock(tmp_path / "lock")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    DriverLock(tmp_path / "lock").close()


def test_a_killed_driver_lets_go(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        with pytest.raises(StudyDirectoryError, match=f"process {process.pid} on host"):
            DriverLock(tmp_path / "lock")
        process.kill()
    DriverLock(tmp_path / "lock").close()


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"pid": 1}'])
def test_a_holder_that_has_not_said_who_it_is(tmp_path: Path, content: bytes) -> None:
    lock = DriverLock(tmp_path / "lock")
    (tmp_path / "lock").write_bytes(content)
    with pytest.raises(StudyDirectoryError, match="just starting"):
        DriverLock(tmp_path / "lock")
    lock.close()


def test_a_refused_driver_keeps_no_handle(tmp_path: Path) -> None:
    lock = DriverLock(tmp_path / "lock")
    handles = len([*Path("/proc/self/fd").iterdir()])
    for _ in range(3):
        with pytest.raises(StudyDirectoryError):
            DriverLock(tmp_path / "lock")
    assert len([*Path("/proc/self/fd").iterdir()]) == handles
    lock.close()


def test_whether_a_driver_is_alive_is_told_without_hindering_one(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_driven(path)
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        assert is_driven(path)
        process.kill()
    assert not is_driven(path)
    lock = DriverLock(path)
    assert is_driven(path)
    lock.close()
    assert not is_driven(path)


@pytest.mark.parametrize("namespace", [{}, {"pid_namespace": "pid:[1]"}], ids=["former version", "container"])
def test_a_process_id_counts_only_where_it_was_given(tmp_path: Path, namespace: dict[str, str]) -> None:
    lock = DriverLock(tmp_path / "lock")
    (tmp_path / "lock").write_text(json.dumps({"pid": 2**30, "host": socket.gethostname(), **namespace}))
    assert is_driven(tmp_path / "lock")
    with pytest.raises(StudyDirectoryError, match=f"process {2**30} on host"):
        DriverLock(tmp_path / "lock")
    lock.close()
    assert not is_driven(tmp_path / "lock")


def test_a_dead_process_is_known_without_touching_the_lock(tmp_path: Path) -> None:
    lock = DriverLock(tmp_path / "lock")
    known = json.loads((tmp_path / "lock").read_text())
    (tmp_path / "lock").write_text(json.dumps({**known, "pid": 2**30}))
    assert not is_driven(tmp_path / "lock")
    lock.close()
