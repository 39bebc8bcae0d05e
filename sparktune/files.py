"""Files that are whole or absent, whatever happens in between; where those are that are made only once."""

import errno
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def cache_folder() -> Path:
    """Where the user keeps what this package need not make twice.

    Raises:
        RuntimeError: the user has no home.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (cache if cache.is_absolute() else Path.home() / ".cache") / "sparktune"


def is_private(file: Path) -> bool:
    """Whether it is a regular file that nobody but this user could have written.

    Raises:
        OSError: there is none.
    """
    status = file.stat()
    private = status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return private and stat.S_ISREG(status.st_mode)


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` beside `path`, flush it to the disk, then rename: a full disk harms no former file.

    Raises:
        OSError: the content could not be written; `path` is unchanged.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


@contextmanager
def whole_folder(path: Path, *, replace: bool) -> Iterator[Path]:
    """A new folder to write to, which takes the place of `path` at the end; after an error it is removed.

    What is at `path`, a file or a folder, stays there until then. Folders above it are made, and removed
    after an error.

    Raises:
        FileExistsError: something is at `path` at the end, and `replace` is False.
        OSError: the folder cannot be made or moved.
    """
    unique = uuid.uuid4().hex
    beside, former = (path.with_name(f".{path.name}.{unique}.{kind}") for kind in ("tmp", "former"))
    new = [folder for folder in path.parents if not os.path.lexists(folder)]
    try:
        beside.mkdir(parents=True)
        yield beside
        if os.path.lexists(path):
            if not replace:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
            path.rename(former)
        beside.rename(path)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        if os.path.lexists(former):
            former.rename(path)
        for folder in new:
            with suppress(OSError):  # it was not made, or somebody else uses it
                folder.rmdir()
        raise
    if former.is_dir() and not former.is_symlink():
        shutil.rmtree(former)
    else:
        former.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    """Make a rename in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
