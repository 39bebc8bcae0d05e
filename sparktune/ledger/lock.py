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
        except BlockingIOError:
            holder = os.pread(self._handle, 4096, 0)
            self.close()
            raise StudyDirectoryError(
                f"{path.parent} is in use by another driver ({_described(holder)}); wait until it ends, "
                "stop it, or give this study another name"
            ) from None
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode(), 0)

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
