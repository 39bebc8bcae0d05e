import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sparktune.data import host
from sparktune.data.host import DataKey, borrow, share
from sparktune.data.initial import InitialWeights
from sparktune.data.packed import packed_size, write_packed
from sparktune.errors import DataError
from tests.data.test_packed import made

USER = """
import sys
from sparktune.data.host import DataKey, borrow
held = borrow(DataKey(sys.argv[1], 1000), lambda: None)
print(held.path, flush=True)
sys.stdin.read()
"""


MAKER = """
import shutil, sys
from sparktune.data.host import DataKey, borrow

def copy(source, path):
    path.write_bytes(source.read_bytes())
    print(path, flush=True)
    sys.stdin.read()

shutil.copyfile = copy
borrow(DataKey("digest", 1000), lambda: Path(sys.argv[1]))
"""


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """Memory and disk of this test's own."""
    (tmp_path / "shm").mkdir()
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(host, "MEMORY", tmp_path / "shm")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))


def gone(path: Path) -> bool:
    """Whether every file beside `path` disappears within some seconds."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not list(path.parent.iterdir()):
            return True
        time.sleep(0.02)
    return False


def unwanted() -> Path:
    raise AssertionError("nothing had to be fetched")


def test_the_second_user_maps_the_first_one_s_copy():
    data = made()
    first = share(data)
    second = borrow(DataKey(data.digest, packed_size(data)), unwanted)
    assert first.path == second.path
    assert (second.data.train.x == data.train.x).all()
    first.close()
    second.close()
    assert gone(first.path)


def test_the_copy_stays_until_its_last_user_lets_go():
    first = share(made())
    second = borrow(first.key, unwanted)
    first.close()
    time.sleep(0.3)
    assert second.path.exists()
    second.close()
    assert gone(second.path)


def test_initial_weights_come_along_in_a_file_of_their_own(tmp_path):
    weights = [np.arange(6, dtype="float32").reshape(2, 3), np.zeros(3, "float32")]
    plain, warm = made(), replace(made(), initial=InitialWeights("those of a friend", weights))
    write_packed(warm, tmp_path / "fetched")
    key = DataKey(warm.file_digest, packed_size(warm))
    assert key.digest != plain.file_digest == plain.digest and key.size == packed_size(plain) + 36
    with closing(borrow(key, lambda: tmp_path / "fetched")) as shared:
        initial = shared.data.initial
        assert initial.origin == "those of a friend" and shared.data.digest == plain.digest
        assert [array.tolist() for array in initial.arrays] == [array.tolist() for array in weights]
    with pytest.raises(DataError, match="must have digest"):
        borrow(DataKey(plain.digest, 1000), lambda: tmp_path / "fetched")


def test_where_there_is_no_copy_it_is_fetched_and_checked(tmp_path):
    data = made()
    write_packed(data, tmp_path / "source")
    held = borrow(DataKey(data.digest, packed_size(data)), lambda: tmp_path / "source")
    assert held.data.digest == data.digest
    held.close()
    with pytest.raises(DataError, match="digest"):
        borrow(DataKey("0" * 64, packed_size(data)), lambda: tmp_path / "source")


def test_a_copy_that_does_not_fit_into_memory_lies_on_the_disk(monkeypatch, tmp_path):
    free = {tmp_path / "shm": 10, tmp_path / "tmp": 10**9}

    class Usage:
        def __init__(self, path: Path) -> None:
            self.free = free[path]

    monkeypatch.setattr("shutil.disk_usage", Usage)
    held = share(made())
    assert held.path.is_relative_to(tmp_path / "tmp")
    held.close()


def test_memory_that_is_used_up_is_not_taken_for_the_copy(monkeypatch, tmp_path):
    monkeypatch.setattr(host, "free_memory", lambda: 10)
    held = share(made())
    assert held.path.is_relative_to(tmp_path / "tmp")
    held.close()


def test_the_folder_is_its_user_s_alone():
    held = share(made())
    assert held.path.parent.stat().st_mode & 0o077 == 0
    held.close()


def started(script: str, digest: str, tmp_path: Path) -> "subprocess.Popen[str]":
    """A process of its own that has this test's folders."""
    memory = f"Path({str(tmp_path / 'shm')!r})"
    patched = f"from pathlib import Path; import sparktune.data.host as host; host.MEMORY = {memory}"
    return subprocess.Popen(
        [sys.executable, "-c", patched + script, digest],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(tmp_path / "tmp")},
    )


def test_a_maker_killed_while_it_writes_leaves_nothing(tmp_path):
    (tmp_path / "half").write_bytes(b"half a data set")
    maker = started(MAKER, str(tmp_path / "half"), tmp_path)
    try:
        draft = Path(maker.stdout.readline().strip())
        assert draft.exists()
    finally:
        maker.kill()
        maker.communicate()
    assert gone(draft)


def test_users_killed_without_warning_leave_nothing(tmp_path):
    data = made()
    first = share(data)
    users = [started(USER, data.digest, tmp_path) for _ in range(2)]
    try:
        assert [user.stdout.readline().strip() for user in users] == [str(first.path)] * 2
        first.close()
        users[0].send_signal(signal.SIGKILL)
        time.sleep(0.3)
        assert first.path.exists()
    finally:
        for user in users:
            user.kill()
            user.communicate()
    assert gone(first.path)


def test_where_the_remover_was_killed_the_next_user_starts_another():
    first = share(made())
    kill_remover_of(first.path)
    first.close()
    second = borrow(first.key, unwanted)
    third = borrow(first.key, unwanted)
    second.close()
    third.close()
    assert gone(first.path)


def kill_remover_of(copy: Path) -> None:
    """SIGKILL the process that waits to delete this copy."""
    (remover,) = [entry for entry in Path("/proc").glob("[0-9]*") if str(copy) in arguments(entry)]
    os.kill(int(remover.name), signal.SIGKILL)
    while str(copy) in arguments(remover):
        time.sleep(0.01)


def arguments(process: Path) -> list[str]:
    """Those of a process, none where it has ended."""
    try:
        return (process / "cmdline").read_bytes().decode().split("\0")
    except OSError:
        return []
