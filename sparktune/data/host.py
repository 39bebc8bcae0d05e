"""One copy of a data set per host: made by the first process that needs it, deleted after the last one ended.

Files are named by the digest of what they hold and lie in memory (`/dev/shm`) where they fit, else on the
local disk. Every process that uses a copy has a shared lock on it; the kernel drops it when the process ends,
even by SIGKILL. A small process, the remover, waits for the exclusive lock, that is, for the end of the last
user, and then deletes the files: nothing stays after a crash. It has a lock of its own, so that the next user
sees that a remover was killed, and starts another.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import final

from sparktune.data.dataset import Dataset
from sparktune.data.digest import digest_of
from sparktune.data.memory import free_memory, release
from sparktune.data.packed import map_packed, packed_size, write_packed
from sparktune.errors import DataError
from sparktune.temporary import host_folder

MEMORY = Path("/dev/shm")
SPARE = 1.25  # a copy in memory must leave a quarter of its size free
REMOVER = """\
import fcntl, os, sys
if os.fork():
    os._exit(0)
with open(sys.argv[1]) as handle:
    fcntl.flock(handle, fcntl.LOCK_EX)
    for path in sys.argv[2:]:
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
"""


@final
@dataclass(frozen=True)
class DataKey:
    """Identifies a data set between processes: the digest of its content, and its size in bytes."""

    digest: str
    size: int


@final
@dataclass(frozen=True)
class SharedData:
    """A data set mapped from this host's copy, which is deleted once no process uses it any more."""

    key: DataKey
    path: Path
    data: Dataset
    lock: int = field(repr=False)

    def close(self) -> None:
        """End this use of the copy; arrays that are mapped already stay readable."""
        os.close(self.lock)


def share(data: Dataset) -> SharedData:
    """Put a data set where every process of this host can map it; freed memory goes back to the system.

    Raises:
        DataError: neither memory nor disk has room for it.
    """
    shared = _use(DataKey(data.file_digest, packed_size(data)), lambda path: write_packed(data, path))
    release()
    return shared


def borrow(key: DataKey, fetch: Callable[[], Path]) -> SharedData:
    """The host's copy of the data set with this key, copied from the file of `fetch` where there is none.

    Raises:
        DataError: the fetched file holds something else, or there is no room for it.
    """

    def copy(path: Path) -> None:
        shutil.copyfile(fetch(), path)
        data = map_packed(path)
        content = digest_of([data.train, data.validation, data.test], data.schema)
        found = replace(data, digest=content).file_digest
        if found != key.digest:
            raise DataError(
                f"the fetched data set must have digest {key.digest}, but has {found}; run the study again"
            )

    return _use(key, copy)


def lock_unused(users: Path) -> int:
    """The exclusive lock of a copy that no process uses, as a descriptor; `users` is the file of its lock.

    Raises:
        OSError: a process uses the copy.
    """
    return _locked(users, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _use(key: DataKey, make: Callable[[Path], None]) -> SharedData:
    """Take the shared lock, then look for the copy; the first process to find none makes it, others wait."""
    folder = _folder(key)
    path, *others = (folder / f"{key.digest}.{name}" for name in ("data", "makers", "remover", "users"))
    makers, remover, users = others
    draft = path.with_name(f".{path.name}")
    lock = _locked(users, fcntl.LOCK_SH)
    try:
        making = _locked(makers, fcntl.LOCK_EX)
        try:
            with suppress(BlockingIOError):  # one waits already
                _start_remover(remover, users, [draft, path, *others])
            if not path.exists():
                _make(path, draft, make)
        finally:
            os.close(making)
        return SharedData(key, path, map_packed(path), lock)
    except BaseException:
        os.close(lock)
        raise


def _make(path: Path, draft: Path, make: Callable[[Path], None]) -> None:
    """Let `make` write the draft, then give it its name; a draft that failed is deleted."""
    try:
        make(draft)
        draft.replace(path)
    except OSError as error:
        raise DataError(
            f"the data set must fit into {path.parent}, but {error.strerror}; free space there or set TMPDIR"
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def _folder(key: DataKey) -> Path:
    """This user's folder, in memory where the copy is there already or fits, else on the disk."""
    places = [place for place in (MEMORY, host_folder()) if place.is_dir()]
    name = f"sparktune-{os.getuid()}"
    for place in places:
        if (place / name / f"{key.digest}.data").exists():
            return place / name
    free = {place: shutil.disk_usage(place).free for place in places}
    if MEMORY in free:
        free[MEMORY] = min(free[MEMORY], free_memory())  # memory may be used up though /dev/shm is empty
    fitting = [place for place in places if free[place] > SPARE * key.size]
    folder = (fitting or places[-1:])[0] / name
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.lstat().st_uid != os.getuid():
        raise DataError(f"{folder} must belong to this user, but belongs to another; remove it")
    return folder


def _locked(path: Path, how: int) -> int:
    """A locked descriptor of the file; opened again where it was deleted while this process waited for it."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(handle, how)
        with suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(handle).st_ino:
                return handle
        os.close(handle)


def _start_remover(remover: Path, lock: Path, files: list[Path]) -> None:
    """Start the process that waits for the last user and deletes the files; it detaches itself.

    Raises:
        BlockingIOError: there is one.
    """
    held = _locked(remover, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", REMOVER, str(lock), *map(str, files)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            check=True,
            cwd="/",
            pass_fds=[held],
        )
    finally:
        os.close(held)
