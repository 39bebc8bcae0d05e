"""One driver per study directory."""

import fcntl
import json
import os
import socket
from pathlib import Path
from typing import final

from sparktune.errors import StudyDirectoryError


@final
class DriverLock:
    """Held from construction to `close`; the system releases it when the driver dies, however it dies.

    Raises:
        StudyDirectoryError: another live driver holds it.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._handle, 0)
            holder = {"pid": os.getpid(), "pid_namespace": _pid_namespace(), "host": socket.gethostname()}
            os.pwrite(self._handle, json.dumps(holder).encode(), 0)
        except BlockingIOError:
            other = _described(os.pread(self._handle, 4096, 0))
            self.close()
            raise StudyDirectoryError(
                f"{path.parent} is in use by another driver ({other}); wait until it ends, stop it, or give "
                "this study another name"
            ) from None
        except BaseException:  # a full disk, say
            self.close()
            raise

    def close(self) -> None:
        """Release the lock; idempotent. The file stays, as removing it would let two drivers in."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def _described(holder: bytes) -> str:
    try:
        known = json.loads(holder)
        return f"process {known['pid']} on host {known['host']}"
    except (ValueError, TypeError, KeyError):
        return "which is just starting"


def _pid_namespace() -> str | None:
    """Within which a process id names one process; containers may share the name of their host."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # no Linux
        return None


def is_driven(path: Path) -> bool:
    """Whether a live driver holds the lock at `path`. Nothing is written, and no driver is hindered.

    A dead driver of this host is known by its process id, without touching the lock. Else a shared lock is
    tried, and released at once.
    """
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        if _is_dead(os.pread(handle, 4096, 0)):
            return False
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    else:
        return False
    finally:
        os.close(handle)


def _is_dead(holder: bytes) -> bool:
    """Whether the last holder was a process of this host, and of this container, that is gone."""
    try:
        known = json.loads(holder)
        if (known["host"], known["pid_namespace"]) != (socket.gethostname(), _pid_namespace()):
            return False
        os.kill(known["pid"], 0)
    except ProcessLookupError:
        return True
    except (ValueError, TypeError, KeyError, PermissionError):
        return False
    return False
