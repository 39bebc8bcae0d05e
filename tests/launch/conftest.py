"""A fork server whose processes are spared TensorFlow, modules for them, and processes with little memory."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparktune.launch.forkserver.client import ADDRESS, ForkServer
from tests.launch.contract import until
from tests.launch.forks import without_tensorflow, write_modules


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules that this process and servers that start now find, TensorFlow not among them."""
    write_modules(tmp_path)
    without_tensorflow(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv(ADDRESS, raising=False)
    return tmp_path


@pytest.fixture
def server(modules: Path) -> Iterator[ForkServer]:
    with ForkServer() as server:
        yield server


@pytest.fixture
def little_memory() -> Iterator[Path]:
    """A group of processes with 300 MB, as a container has it: its file of members."""
    group = Path(f"/sys/fs/cgroup/memory/sparktune-test-{os.getpid()}")
    try:
        group.mkdir(exist_ok=True)
        (group / "memory.limit_in_bytes").write_text(str(300 * 10**6))
    except OSError:
        pytest.skip("this system lets nobody bound the memory of processes")
    yield group / "cgroup.procs"
    until(lambda: not (group / "cgroup.procs").read_text())
    group.rmdir()
