"""Processes that end together with all that they have started, a trial's own helpers say."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import final

PROCESSES = Path("/proc")


@final
class ChildProcess(subprocess.Popen[bytes]):
    """A `subprocess.Popen` whose `kill` ends what the process has started, too."""

    def kill(self) -> None:
        """End it and its descendants at once, if it still runs."""
        if self.poll() is None:
            kill_with_descendants(self.pid)


def kill_with_descendants(process: int) -> None:
    """SIGKILL a process, and first those that it has started, and so on; whoever has ended is no error.

    Each process is stopped while its children are found and killed: so it starts no others, and waits for
    none, which would free their numbers for strangers. Not found are descendants whose own parent has ended,
    as daemons, and any where the system does not show them (Linux does).

    Args:
        process: its number. Nobody may have waited for it yet.
    """
    with suppress(ProcessLookupError, PermissionError):  # it has ended, or runs as another user
        os.kill(process, signal.SIGSTOP)
        for child in _children(process):
            kill_with_descendants(child)
        os.kill(process, signal.SIGKILL)


def _children(process: int) -> list[int]:
    """Numbers of the processes that any thread of this one has started and that it has not waited for."""
    found: list[int] = []
    with suppress(OSError):  # it has ended
        for file in (PROCESSES / str(process) / "task").glob("*/children"):
            found += map(int, file.read_text().split())
    return found
