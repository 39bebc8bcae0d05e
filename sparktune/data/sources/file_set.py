"""The files of a table: on this machine, on S3, GCS or HDFS, or wherever else pyarrow or fsspec can read."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, final

from sparktune.errors import DataError
from sparktune.shared_files import given_up_in_time

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, FileSystem

WILD = frozenset("*?[")
OF_ARROW = ("file", "s3", "gs", "hdfs", "viewfs", "abfs", "abfss")
SAME = {"s3a": "s3", "s3n": "s3", "gcs": "gs"}
WAYS_OUT = {
    "s3": "credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ~/.aws or the machine's role, "
    "the region from ?region=NAME at the URI's end or AWS_REGION",
    "gs": "credentials come from GOOGLE_APPLICATION_CREDENTIALS; public files are at gs://anonymous@BUCKET/...",
    "hdfs": "it needs JAVA_HOME, HADOOP_HOME and CLASSPATH=$(hadoop classpath --glob)",
    "abfss": "credentials come from AZURE_CLIENT_ID, AZURE_CLIENT_SECRET and AZURE_TENANT_ID, or `az login`",
}
# A bucket of S3 has no port; elsewhere what is a port's number ends at the first slash.
PASSWORD = re.compile(r"(s3[an]?://[^/?]*:|[^:/]+://[^/?]*:(?!\d{1,5}/)).*@")
SECRET = re.compile(r"[?&](account_key|client_secret|sas_token|sig)=")
SHOWN = 300  # letters of an error of a file system


@final
@dataclass(frozen=True)
class FileSet:
    """Files of one file system.

    Attributes:
        given: how the study names them.
        where: names the section in errors.
        system: their file system.
        folder: the folder that is named, on this file system; None where files are.
        paths: the files, in order of name; of a folder those directly in it.
    """

    given: str
    where: str
    system: "FileSystem"
    folder: str | None
    paths: tuple[str, ...]

    @property
    def remote(self) -> bool:
        """Whether they may be far away, so that few large reads are better than many small ones."""
        return "://" in self.given and not self.given.startswith("file:")

    def named(self, pattern: str) -> tuple[str, ...]:
        """The files; of a folder those whose names match a pattern.

        Raises:
            DataError: there are none.
        """
        paths = [path for path in self.paths if self.folder is None or fnmatchcase(_last_part(path), pattern)]
        if not paths:
            raise DataError(
                f"{self.where}.path must name a file, a folder or a glob, but {self.given!r} holds no files"
            )
        return tuple(paths)

    def unreadable(self, error: Exception) -> DataError:
        """The error for files that cannot be read."""
        return _read_error(self.given, self.where, error)


def find_files(given: str, where: str) -> FileSet:
    """The file, the files of a folder, or those of a glob: a path or a URI; errors name it as `where`.path.

    Raises:
        DataError: there is nothing, or its file system cannot be reached; one line that says what is
        missing.
    """
    import pyarrow as pa
    from pyarrow.fs import FileSelector, FileType

    system, path = _connected(given, where)
    try:
        found = system.get_file_info(path)
        if found.type is FileType.File:
            return FileSet(given, where, system, None, (path,))
        if found.type is FileType.Directory:
            inside = _visible(system.get_file_info(FileSelector(path)))
            return FileSet(given, where, system, path, inside)
        if WILD & set(path):
            return FileSet(given, where, system, None, _files_of_glob(system, path))
    except (pa.ArrowException, OSError) as error:
        raise _read_error(given, where, error) from None
    seen_from = "" if "://" in given else f" (seen from {Path.cwd()})"
    raise DataError(f"{where}.path must exist, but there is nothing at {given!r}{seen_from}")


def _connected(given: str, where: str) -> "tuple[FileSystem, str]":
    """The file system of a path or URI, and the path on it."""
    import pyarrow as pa
    from pyarrow.fs import FileSystem, LocalFileSystem

    scheme, separator, rest = given.partition("://")
    if not separator:
        return LocalFileSystem(), str(Path(given).expanduser())
    if PASSWORD.match(given) or SECRET.search(rest):
        raise DataError(
            f"{where}.path must not hold a password or key, as it is shown and kept with the study; leave it "
            f"out: {_way_out(given)}"
        )
    name = SAME.get(scheme, scheme)
    uri = f"{'' if name in OF_ARROW else 'fsspec+'}{name}://{rest}"
    try:
        system, path = FileSystem.from_uri(given_up_in_time(uri))
    except ImportError as error:
        raise DataError(
            f"{where}.path {given!r} needs a package that is not installed ({_one_line(error)}); install "
            "fsspec and the package of this file system"
        ) from None
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _read_error(given, where, error) from None
    return system, path


def _files_of_glob(system: "FileSystem", pattern: str) -> tuple[str, ...]:
    """The files that a pattern matches, which may have wildcards in any part between slashes."""
    from pyarrow.fs import FileSelector

    parts = pattern.split("/")
    first = next(place for place, part in enumerate(parts) if WILD & set(part))
    base, wanted = "/".join(parts[:first]) or ("/" if first else "."), parts[first:]
    below = FileSelector(base, allow_not_found=True, recursive=len(wanted) > 1)

    def matches(path: str) -> bool:
        inside = path.removeprefix(base).strip("/").split("/")
        return len(inside) == len(wanted) and all(map(_fits, inside, wanted))

    return tuple(path for path in _visible(system.get_file_info(below)) if matches(path))


def _fits(name: str, pattern: str) -> bool:
    """Whether a part of a path is what a pattern means; a hidden one must be named without wildcards."""
    return name == pattern or (fnmatchcase(name, pattern) and not is_hidden(name))


def _visible(found: "list[FileInfo]") -> tuple[str, ...]:
    """The files that are not hidden, in order of name."""
    return tuple(sorted(info.path for info in found if info.is_file and not is_hidden(_last_part(info.path))))


def is_hidden(name: str) -> bool:
    """Whether Spark takes no rows from what has this name; `_year=2024` names a value of a column."""
    return name.startswith(".") or name.endswith("._COPYING_") or (name.startswith("_") and "=" not in name)


def _last_part(path: str) -> str:
    return path.rpartition("/")[2]


def _read_error(given: str, where: str, error: Exception) -> DataError:
    return DataError(
        "; ".join(filter(None, [f"{where}: cannot read {given!r}: {_one_line(error)}", _way_out(given)]))
    )


def _way_out(given: str) -> str:
    """Where a file system's credentials come from; nothing for a path."""
    scheme = given.partition("://")[0]
    return WAYS_OUT.get(SAME.get(scheme, scheme), "")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:SHOWN]
