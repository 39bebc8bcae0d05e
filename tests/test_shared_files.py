"""Files at paths and URIs."""

import pytest

from sparktune.shared_files import inside, read_file, remove_file, write_file


def test_a_relative_folder_is_one_of_the_present_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert inside("shared/", "s", "a") == f"{tmp_path}/shared/s/a"
    assert inside("s3://bucket/folder/", "a") == "s3://bucket/folder/a"


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
