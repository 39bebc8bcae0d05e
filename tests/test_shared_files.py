"""Files at paths and URIs."""

import resource
import signal
import time

import pytest

from sparktune import shared_files
from sparktune.shared_files import base_name, file_names, inside, read_file, remove_file, write_file


def test_a_relative_folder_is_one_of_the_present_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert inside("shared/", "s", "a") == f"{tmp_path}/shared/s/a"
    assert inside("s3://bucket/folder/", "a") == "s3://bucket/folder/a"
    assert inside("what?/", "a") == f"{tmp_path}/what?/a"


def test_the_options_of_a_uri_stay_at_its_end(tmp_path):
    """pyarrow reads what follows them as a part of the last one: all names would be one file."""
    folder = inside(f"file://{tmp_path}/new/?use_mmap=true", "study")
    for name in ("a", "b"):
        write_file(inside(folder, name), name.encode())
    assert sorted(file_names(folder)) == ["a", "b"]
    assert read_file(inside(folder, "a")) == b"a"
    assert [base_name(place) for place in (inside(folder, "a"), "/what?/b", "c")] == ["a", "b", "c"]


def test_google_storage_that_does_not_answer_is_given_up(monkeypatch):
    monkeypatch.setattr(shared_files, "GCS_SECONDS", 1)
    started = time.monotonic()
    with pytest.raises(OSError):
        file_names("gs://anonymous@bucket/folder?scheme=http&endpoint_override=localhost:9")
    assert time.monotonic() - started < 20


def test_what_is_said_of_a_place_is_one_line():
    with pytest.raises(OSError) as said:
        file_names("hdfs://localhost:9/folder")
    assert "\n" not in str(said.value)


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_file_is_written_whole_read_and_removed(tmp_path, scheme):
    place = f"{scheme}{tmp_path}/new/folder/file"
    for content in (b"first", b"second"):
        write_file(place, content)
        assert read_file(place) == content
    assert [path.name for path in (tmp_path / "new/folder").iterdir()] == ["file"]
    remove_file(place)
    remove_file(place)
    with pytest.raises(FileNotFoundError):
        read_file(place)


@pytest.mark.parametrize("place", ["nonsense://host/file", "mock-without-a-scheme"])
def test_an_unknown_place_is_an_os_error(place):
    with pytest.raises(OSError):
        write_file(place, b"")


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_files_of_a_folder_have_names(tmp_path, scheme):
    (tmp_path / "below").mkdir()
    (tmp_path / "file").touch()
    assert file_names(f"{scheme}{tmp_path}") == ["file"]
    assert file_names(f"{scheme}{tmp_path}/missing") == []
    with pytest.raises(OSError):
        file_names("nonsense://host/folder")


@pytest.mark.fault("the disk is full while a shared file is written")
def test_what_could_not_be_written_whole_leaves_nothing(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        with pytest.raises(OSError):
            write_file(f"{tmp_path}/file", b"0" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []
