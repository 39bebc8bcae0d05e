"""Files that killed processes of this user have left: in temporary folders, in memory and in the cache.

What a live process owns is known by its lock, its socket or its age, and is never listed. That is checked
again before anything is removed. A folder whose name or content this package does not make is never listed,
whatever its age: it may be a study or a project of the user.
"""

import os
import shutil
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal, final

from sparktune.bundle.engines.keras import FILE
from sparktune.bundle.engines.savedmodel import FOLDER
from sparktune.bundle.mlflow.model import LOADER
from sparktune.data.host import MEMORY, lock_unused
from sparktune.files import cache_folder
from sparktune.launch.jvm.class_archive import SECONDS, archive_file
from sparktune.temporary import PREFIX, host_folder, is_made_by, lock_folder

SHARED = Path("/tmp")  # where fork servers have sockets whose address would be too long elsewhere
DAY = 86_400.0
MINUTE = 60.0
MADE = frozenset({"socket", FILE, FOLDER, f"{LOADER}.py", "sparktune.zip"})  # what temporary folders hold
WORK = frozenset({"ledger.jsonl", ".git", "pyproject.toml"})  # of a study or a project, never of ours
What = Literal[
    "folder of a dead driver",
    "unused copy of data",
    "temporary folder",
    "unfinished archive",
    "other archive",
]
Hold = Callable[[], int | None]  # a descriptor to close after removal; None where a live process is the owner


@final
@dataclass(frozen=True)
class Orphan:
    """Files without an owner: `path`, with those `beside` it that go too; `bytes` is their size in all."""

    what: What
    path: Path
    beside: tuple[Path, ...]
    bytes: int
    hold: Hold = field(repr=False, compare=False)

    def remove(self) -> bool:
        """Remove them; whether that was done: not where they have an owner by now, or cannot be removed."""
        held = self.hold()
        if held is None:
            return False
        try:
            for path in (self.path, *self.beside):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        except OSError:
            return False
        finally:
            os.close(held)
        return True


def find_orphans(other_archives: bool = False) -> list[Orphan]:
    """What can be removed now.

    Args:
        other_archives: also the class archives in the cache that this Java and this Spark do not use;
            another environment of this user may use them.
    """
    candidates = [*_driver_folders(), *_data_copies(), *_temporary_folders(), *_archives(other_archives)]
    found = []
    for what, (path, *beside), hold in candidates:
        held = hold()
        if held is not None:
            os.close(held)
            found.append(Orphan(what, path, tuple(beside), sum(map(_size, [path, *beside])), hold))
    return found


Candidate = tuple[What, tuple[Path, ...], Hold]


def _driver_folders() -> Iterator[Candidate]:
    """Folders of drivers, whose lock is free where the driver is dead."""
    base = host_folder()
    for folder in sorted(base.glob(f"{PREFIX}*")):
        if is_made_by(PREFIX, folder):
            yield "folder of a dead driver", (folder,), partial(_driver_folder_without_owner, folder)
    for draft in sorted(base.glob(".sparktune-*")):  # of a driver that died before the folder had its name
        if is_made_by(".sparktune-", draft) and _age(draft) > MINUTE and not any(draft.iterdir()):
            yield "folder of a dead driver", (draft,), partial(_descriptor, lock_folder, draft)


def _data_copies() -> Iterator[Candidate]:
    """Copies of data sets that no process has mapped, and whose own remover was killed."""
    for base in (MEMORY, host_folder()):
        folder = base / f"sparktune-{os.getuid()}"
        inside = folder.iterdir() if _is_ours(folder) else ()
        for digest in sorted({path.name.lstrip(".").partition(".")[0] for path in inside}):
            others = (f".{digest}.data", f"{digest}.makers", f"{digest}.remover", f"{digest}.users")
            paths = tuple(folder / name for name in (f"{digest}.data", *others))
            yield "unused copy of data", paths, partial(_descriptor, lock_unused, paths[-1])


def _temporary_folders() -> Iterator[Candidate]:
    """Other folders of ours: of a fork server that no longer answers, or a day old."""
    for base in sorted({SHARED, host_folder()}):
        for folder in sorted(base.glob("sparktune-*")):
            if is_made_by("sparktune-", folder):
                yield "temporary folder", (folder,), partial(_folder_without_owner, folder)


def _archives(other: bool) -> Iterator[Candidate]:
    """Class archives whose making was cut off, and those that are not in use here."""
    try:
        cache, used = cache_folder(), archive_file()
    except RuntimeError:  # this user has no home
        return
    for unfinished in sorted(cache.glob(".building-*")):
        if _age(unfinished) > 2 * SECONDS:
            yield "unfinished archive", (unfinished,), partial(_opened, unfinished)
    for archive in sorted(cache.glob("*.jsa")) if other else ():
        if archive != used:
            yield "other archive", (archive,), partial(_opened, archive)


def _driver_folder_without_owner(folder: Path) -> int | None:
    """A descriptor that holds the lock of a driver's folder, unless that lives or its folder is in use."""
    with suppress(OSError):
        return None if _holds_work(folder) or _is_in_use(folder) else lock_folder(folder)
    return None


def _folder_without_owner(folder: Path) -> int | None:
    """The folder opened, unless a process uses it, or something in it is not ours or younger than a day.

    A fork server that is dead leaves its socket alone, whose age does not matter.
    """
    with suppress(OSError):
        names = {path.name for path in folder.iterdir()}
        if not names <= MADE or _holds_work(folder) or _is_in_use(folder):
            return None
        if names == {"socket"}:
            return None if _answers(folder / "socket") else _opened(folder)
        if "socket" not in names and min(map(_age, [folder, *folder.rglob("*")])) > DAY:
            return _opened(folder)
    return None


def _answers(address: Path) -> bool:
    """Whether a process listens; True also where this is no socket: no fork server has left that."""
    if not address.is_socket():
        return True
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(address)) == 0


def _holds_work(folder: Path) -> bool:
    """Whether a study or a project lies anywhere in it."""
    return any(path.name in WORK for path in folder.rglob("*"))


def _is_in_use(folder: Path) -> bool:
    """Whether a process that this user may see works in it; where there is no /proc, nobody knows."""
    real = folder.resolve()
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if link.readlink().is_relative_to(real):
                return True
    return False


def _descriptor(lock: Callable[[Path], int], path: Path) -> int | None:
    """What `lock` gives; None where somebody else has the lock, or there is nothing at `path`."""
    with suppress(OSError):
        return lock(path)
    return None


def _opened(path: Path) -> int | None:
    with suppress(OSError):
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    return None


def _is_ours(folder: Path) -> bool:
    with suppress(OSError):
        status = folder.lstat()
        return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
    return False


def _age(path: Path) -> float:
    """Seconds since it was last changed; 0 where it is gone."""
    with suppress(OSError):
        return time.time() - path.lstat().st_mtime
    return 0.0


def _size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    size = 0
    for file in path.rglob("*") if path.is_dir() else [path]:
        with suppress(OSError):
            status = file.lstat()
            size += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return size
