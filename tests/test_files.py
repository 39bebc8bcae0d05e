import errno
import os

import pytest

from sparktune.files import cache_folder, is_private, write_atomically


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


def test_the_cache_folder_is_where_the_user_wants_it(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "sparktune"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "sparktune"


def test_a_file_that_others_may_write_is_not_private(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"one")
    assert is_private(file)
    file.chmod(0o620)
    assert not is_private(file)
    assert not is_private(tmp_path)
