import errno
import os
from pathlib import Path

import pytest

from sparktune.files import cache_folder, is_private, whole_folder, write_atomically


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


@pytest.mark.parametrize("former", ["nothing", "file", "folder", "link"])
def test_a_folder_takes_the_place_of_what_was_there(tmp_path, former):
    place = tmp_path / "above" / "scored"
    if former != "nothing":
        place.parent.mkdir()
    if former == "file":
        place.write_text("old")
    elif former == "folder":
        place.mkdir()
        (place / "old").touch()
    elif former == "link":
        (tmp_path / "elsewhere").mkdir()
        place.symlink_to(tmp_path / "elsewhere")
    with whole_folder(place, replace=True) as folder:
        (folder / "new").touch()
        assert not (place / "new").exists()
    assert [path.name for path in place.iterdir()] == ["new"]
    assert [path.name for path in place.parent.iterdir()] == ["scored"]
    assert former != "link" or (tmp_path / "elsewhere").is_dir()


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_after_an_error_what_was_there_stays(tmp_path, error):
    (tmp_path / "scored").write_text("old")
    with pytest.raises(error), whole_folder(tmp_path / "scored", replace=True) as folder:
        (folder / "new").touch()
        raise error
    assert (tmp_path / "scored").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["scored"]


def test_after_an_error_no_folder_above_is_left_but_those_that_others_use(tmp_path):
    with pytest.raises(OSError, match="full"), whole_folder(tmp_path / "a" / "b" / "c", replace=False):
        (tmp_path / "a" / "of another").touch()
        raise OSError("full")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["of another"]


def test_below_a_file_there_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(NotADirectoryError),
        whole_folder(tmp_path / "file" / "scored", replace=False),
    ):
        pass
    assert (tmp_path / "file").is_file()


def test_what_was_there_comes_back_where_the_new_folder_cannot_be_moved(tmp_path, monkeypatch):
    (tmp_path / "scored").write_text("old")
    rename = Path.rename

    def fails(path: Path, target: Path) -> Path:
        if path.is_dir():
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(OSError, match="cross-device"), whole_folder(tmp_path / "scored", replace=True):
        pass
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_what_came_there_meanwhile_is_not_replaced_unasked(tmp_path):
    with pytest.raises(FileExistsError), whole_folder(tmp_path / "scored", replace=False):
        (tmp_path / "scored").write_text("of another command")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["of another command"]
