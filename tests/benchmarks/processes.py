"""A command as a whole process tree: its wall time and the CPU time of all its descendants (Linux)."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from machine import TICK, Moment

PR_SET_CHILD_SUBREAPER = 36
GRACE = 5.0
GLANCE = 0.25


@dataclass(frozen=True)
class Measured:
    """What a command took: wall seconds until it exited, CPU seconds of every process that it started.

    `code` is its exit status (None where it ran out of time), `load` the load average of the minute before,
    `others` the cores that other work of the machine kept busy meanwhile.
    """

    wall: float
    cpu: float
    code: int | None
    load: float
    others: float


def measure(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path, timeout: float
) -> Measured:
    """Run `command` in `folder`; its output goes to `log`.

    Daemons that it leaves behind (a JVM, Ray's servers) are adopted, given 5 s to end, then killed, and their
    CPU time counts as well. Exact where parents wait for their children; where they do not (Spark's Python
    daemon, Ray), the CPU time is what was seen four times a second, a little less than the truth.
    """
    _adopt_orphans()
    before, tree = Moment.now(), _Tree()
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    code = tree.follow(process.pid, before.wall + timeout)
    wall = time.monotonic() - before.wall
    if code is None:
        os.kill(process.pid, signal.SIGKILL)
    process.returncode = -1 if code is None else code  # it was waited for here, not by Popen
    tree.end()
    return Measured(wall, tree.cpu, code, before.load, Moment.now().others_since(before, tree.cpu))


@final
class _Tree:
    """The descendants of this process: their CPU time as told when they are waited for, and as seen alive."""

    def __init__(self) -> None:
        self._told = 0.0
        self._seen: dict[int, float] = {}

    @property
    def cpu(self) -> float:
        """CPU seconds of all that ran."""
        return max(self._told, sum(self._seen.values()))

    def follow(self, pid: int, deadline: float) -> int | None:
        """Wait for the exit status of `pid`; None where it does not come before the deadline."""
        look = 0.0
        while time.monotonic() < deadline:
            ended, code = self._reap()
            if ended == pid:
                return code
            if time.monotonic() > look:
                look = time.monotonic() + GLANCE
                self._seen |= {process: _cpu(process)[0] for process in descendants(os.getpid())}
            if not ended:
                time.sleep(0.02)
        return None

    def end(self) -> None:
        """Wait for everything that is left, and kill it after a while."""
        deadline = time.monotonic() + GRACE
        while True:
            try:
                ended, _ = self._reap()
            except ChildProcessError:
                return
            if not ended:
                if time.monotonic() > deadline:
                    for child in _children(os.getpid()):
                        os.kill(child, signal.SIGKILL)
                time.sleep(0.05)

    def _reap(self) -> tuple[int, int]:
        """A child that has ended (0: none) and its exit status."""
        ended, status, usage = os.wait4(-1, os.WNOHANG)
        if ended:
            self._told += usage.ru_utime + usage.ru_stime
        return ended, os.waitstatus_to_exitcode(status)


def tree_cpu(pid: int) -> float:
    """CPU seconds of a live process and its live descendants, and of what they have waited for."""
    return sum(sum(_cpu(process)) for process in (pid, *descendants(pid)))


def _adopt_orphans() -> None:
    """Descendants whose parent ends become children of this process, which can then wait for them."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "cannot adopt orphaned processes")


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text(encoding="utf-8").split())
        except OSError:
            continue
    return found


def descendants(pid: int) -> Iterator[int]:
    """Live children of a process, and theirs."""
    for child in _children(pid):
        yield child
        yield from descendants(child)


def _cpu(pid: int) -> tuple[float, float]:
    """CPU seconds of a process, and of those of its children that it has waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0, 0.0
    user, system, childrens_user, childrens_system = map(int, fields[11:15])
    return (user + system) / TICK, (childrens_user + childrens_system) / TICK
