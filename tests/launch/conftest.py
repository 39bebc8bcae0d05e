"""A fork server whose processes are spared TensorFlow, and modules for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sparktune.launch.forkserver.client import ADDRESS, ForkServer
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
