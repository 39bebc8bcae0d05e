"""Files that several hosts share: at an absolute path, or at a URI that Arrow knows (s3://, hdfs://, gs://)."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

GCS_LIMIT = "retry_limit_seconds"  # by default Google's library tries for 15 minutes, in silence
GCS_SECONDS = 60


def absolute(folder: str) -> str:
    """A folder as another process finds it; a relative one is one of the present directory."""
    return folder if "://" in folder else str(Path(folder).absolute())


def inside(folder: str, *names: str) -> str:
    """The file of this name in a folder; a relative folder is one of the present directory.

    The options of a URI, `?endpoint_override=host:9000` of S3 say, stay at its end.
    """
    place, mark, options = absolute(folder).partition("?" if "://" in folder else "\0")
    return "/".join([place.rstrip("/"), *names]) + mark + options


def base_name(place: str) -> str:
    """The last name of a path or URI."""
    return (place.partition("?")[0] if "://" in place else place).rpartition("/")[2]


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


def given_up_in_time(place: str) -> str:
    """The place; a URI of Google's storage without a limit gets one: a minute for what does not answer."""
    if not place.startswith(("gs://", "gcs://")) or GCS_LIMIT in place:
        return place
    return f"{place}{'&' if '?' in place else '?'}{GCS_LIMIT}={GCS_SECONDS}"


def _found(place: str) -> "tuple[FileSystem, str]":
    """The file system of a place, and the path on it.

    Raises:
        OSError: Arrow knows no such file system.
    """
    from pyarrow import ArrowException
    from pyarrow.fs import FileSystem

    try:
        system, path = FileSystem.from_uri(given_up_in_time(place))
    except (ArrowException, ValueError, OSError) as error:
        reason = str(error).partition("\n")[0]  # dozens of lines where there is no Java for HDFS
        raise OSError(f"{place} must be an absolute path or a URI that pyarrow.fs knows: {reason}") from error
    return system, path
