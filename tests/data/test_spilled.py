"""Arrow batches that lie in a temporary file are those that were given."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from sparktune.data import spilled as module
from sparktune.data.spilled import spilled

BATCHES = [pa.record_batch({"a": [row, None], "b": [["x"], [str(row), "y"]]}) for row in range(5)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("small", [0, 150, 2**20])
def test_batches_come_back_in_order(monkeypatch: pytest.MonkeyPatch, folder: Path, small: int) -> None:
    monkeypatch.setattr(module, "SMALL", small)
    found = spilled(iter(BATCHES))
    assert len(found) == 5 and all(map(pa.RecordBatch.equals, found, BATCHES))
    maps = Path("/proc/self/maps").read_text()
    assert (str(folder) in maps) == (small < 2**20)
    assert not [*folder.iterdir()], "the file has no name"
    assert spilled([]) == []


def test_ctrl_c_leaves_no_file(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    def interrupted() -> Iterator[pa.RecordBatch]:
        yield from BATCHES
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "SMALL", 0)
    with pytest.raises(KeyboardInterrupt):
        spilled(interrupted())
    assert not [*folder.iterdir()]
    assert str(folder) not in Path("/proc/self/maps").read_text()


def test_what_ends_the_batches_is_raised_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> Iterator[pa.RecordBatch]:
        yield from BATCHES
        raise ConnectionResetError("no more rows")

    monkeypatch.setattr(module, "SMALL", 0)
    with pytest.raises(ConnectionResetError):
        spilled(lost())
