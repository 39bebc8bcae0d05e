"""One temporary folder for a driver and all processes that it starts; what killed drivers left is removed."""

import atexit
import fcntl
import os
import re
import shutil
import stat
import tempfile
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

PREFIX = "sparktune-driver-"
HOST = "SPARKTUNE_HOST_TMPDIR"  # set where TMPDIR is a driver's own folder


@cache
def driver_folder() -> Path:
    """This process's own folder, made at the first call and removed when the process ends.

    Workers and forks have their temporary files in it, so that what they leave when they are killed goes with
    it, such as the source files that TensorFlow generates. A lock, which the kernel drops however the process
    ends, tells others that it lives; the first call removes the folders of this user whose process is dead.
    """
    base = host_folder()
    for left in filter(partial(is_made_by, PREFIX), base.glob(f"{PREFIX}*")):
        with suppress(OSError):  # it is another user's, or in use
            os.close(lock_folder(left))
            shutil.rmtree(left, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=".sparktune-", dir=base))  # has its lock before it has its name
    lock_folder(draft)
    folder = draft.rename(base / f"{PREFIX}{draft.name.rpartition('-')[2]}")
    atexit.register(_remove, folder, os.getpid())
    return folder


def host_folder() -> Path:
    """The temporary folder that all drivers and workers of this host share."""
    return Path(os.environ.get(HOST) or tempfile.gettempdir())


def temporary_environment(folder: Path) -> dict[str, str]:
    """Variables of a process whose temporary files lie in `folder`."""
    return {"TMPDIR": str(folder), HOST: str(host_folder())}


def is_made_by(prefix: str, folder: Path) -> bool:
    """Whether `tempfile.mkdtemp` made it for this user with that prefix, by name, kind, owner and mode."""
    if not re.fullmatch(f"{re.escape(prefix)}[a-z0-9_]{{8}}", folder.name):
        return False
    with suppress(OSError):
        status = folder.lstat()
        return (status.st_mode, status.st_uid) == (stat.S_IFDIR | stat.S_IRWXU, os.getuid())
    return False


def lock_folder(folder: Path) -> int:
    """A descriptor of this user's folder that holds its lock: nobody else has it.

    Raises:
        OSError: it is locked, gone, or belongs to another user.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(descriptor).st_uid != os.getuid():
            raise PermissionError(f"{folder} belongs to another user")
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _remove(folder: Path, owner: int) -> None:
    """At the end of the process, but not of one that was forked from it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
