import errno
import os

import pytest

from sparktune.files import write_atomically


def test_content_is_written_and_nothing_stays_beside(tmp_path):
    write_atomically(tmp_path / "a", b"one")
    write_atomically(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"two"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_full_disk_leaves_the_former_file(tmp_path, monkeypatch):
    write_atomically(tmp_path / "a", b"good")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"good"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
