"""Processes as /proc shows them. A number alone names no process: the system uses it again."""

import os
import signal
from contextlib import suppress
from pathlib import Path


def born(process: int) -> int:
    """When a process was started, in ticks since the system was; 0 where there is none, or it has ended."""
    with suppress(OSError):
        state, *fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return 0 if state == "Z" else int(fields[18])
    return 0


def kill(process: int, since: int) -> bool:
    """SIGKILL the process of this number that was started then; whether it was there."""
    with suppress(OSError):
        descriptor = os.pidfd_open(process)  # names the process from here on, whatever becomes of the number
        try:
            if since and born(process) == since:
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                return True
        finally:
            os.close(descriptor)
    return False


def command_of(process: int) -> bytes:
    """The command line of a process, its words separated by zeros."""
    return Path(f"/proc/{process}/cmdline").read_bytes()


def processes_in(folder: Path) -> list[int]:
    """Processes that work in this folder or below it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (entry / "cwd").readlink().is_relative_to(folder):
                found.append(int(entry.name))
    return found


def session_of(leader: int) -> list[int]:
    """Processes of a session."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.getsid(int(entry.name)) == leader:
                found.append(int(entry.name))
    return found


def socket_folders(processes: list[int]) -> set[Path]:
    """Folders in which these processes have a socket; a fork server's is in /tmp where TMPDIR is long."""
    opened = set()
    for process in processes:
        with suppress(OSError):
            for link in Path(f"/proc/{process}/fd").iterdir():
                with suppress(OSError):
                    opened.add(str(link.readlink()))
    sockets = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    return {Path(path).parent for *_, inode, path in sockets if f"socket:[{inode}]" in opened}


def signal_all(processes: list[int], number: signal.Signals) -> None:
    """Send a signal to processes, of which some may have ended."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)


def heed_signals() -> None:
    """In a child: no signal is ignored, as some are where tests run in the background or under `nohup`."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
