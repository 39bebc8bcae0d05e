"""Files that several hosts share: at an absolute path, or at a URI that Arrow knows (s3://, hdfs://, gs://)."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem


def absolute(folder: str) -> str:
    """A folder as another process finds it; a relative one is one of the present directory."""
    return folder if "://" in folder else str(Path(folder).absolute())


def inside(folder: str, *names: str) -> str:
    """The file of this name in a folder; a relative folder is one of the present directory."""
    return "/".join([absolute(folder).rstrip("/"), *names])


def read_file(place: str) -> bytes:
    """What a file holds.

    Raises:
        OSError: there is none, or it cannot be read.
    """
    if "://" not in place:
        return Path(place).read_bytes()
    system, path = _found(place)
    with system.open_input_file(path) as file:
        return bytes(file.read())


def write_file(place: str, content: bytes) -> None:
    """Write a file, and the folders above it; it is there whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    system, path = _found(place)
    beside = f"{path}.{os.getpid()}.tmp"
    system.create_dir(path.rpartition("/")[0], recursive=True)
    try:
        with system.open_output_stream(beside) as file:
            file.write(content)
        system.move(beside, path)
    except BaseException:  # the disk is full, say: what was written would stay
        with suppress(OSError):
            system.delete_file(beside)
        raise


def remove_file(place: str) -> None:
    """Remove a file, if it is there; one that cannot be removed stays, as it only takes space."""
    with suppress(OSError):
        system, path = _found(place)
        system.delete_file(path)


def file_names(folder: str) -> list[str]:
    """Names of the files in a folder, without those in folders below; none where there is no such folder.

    Raises:
        OSError: it cannot be listed.
    """
    from pyarrow.fs import FileSelector, FileType

    system, path = _found(folder)
    found = system.get_file_info(FileSelector(path, allow_not_found=True))
    return [info.base_name for info in found if info.type is FileType.File]


def _found(place: str) -> "tuple[FileSystem, str]":
    """The file system of a place, and the path on it.

    Raises:
        OSError: Arrow knows no such file system.
    """
    from pyarrow import ArrowException
    from pyarrow.fs import FileSystem

    try:
        system, path = FileSystem.from_uri(place)
    except (ArrowException, ValueError) as error:
        raise OSError(f"{place} must be an absolute path or a URI that pyarrow.fs knows: {error}") from error
    return system, path
