"""The command that removes what killed processes have left."""

import json
import os
import time
from pathlib import Path

import pytest

from sparktune.launch import orphans
from sparktune.temporary import HOST
from tests.cli.command import documented, run


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that somebody left two days ago."""
    monkeypatch.setenv(HOST, str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(orphans, "MEMORY", tmp_path / "memory")
    monkeypatch.setattr(orphans, "SHARED", tmp_path)
    folder = tmp_path / "sparktune-abcd_123"
    folder.mkdir(mode=0o700)
    (folder / "model.keras").write_bytes(bytes(500_000))
    for path in (folder / "model.keras", folder):
        os.utime(path, (time.time() - 2 * orphans.DAY,) * 2)
    return folder


def test_it_lists_and_removes_on_request_alone(capfd, left) -> None:
    code, out, err = run(capfd, "clean")
    assert (code, out.split()) == (0, ["500.0", "kB", "temporary", "folder", str(left)])
    assert "nothing was removed" in err
    assert left.exists()
    code, out, err = run(capfd, "clean", "--yes", "--json")
    entry = {"what": "temporary folder", "path": str(left), "bytes": 500_000, "removed": True}
    assert (code, json.loads(out)) == (0, {"orphans": [entry], "bytes": 500_000})
    assert set(json.loads(out)) == documented("clean")
    assert not left.exists()
    assert run(capfd, "clean", "--yes") == (0, "", "nothing to remove\n")
