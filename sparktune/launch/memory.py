"""The memory of processes that run trials, and when one has outgrown its bound."""

import re
from functools import cache
from pathlib import Path
from typing import final

# Bytes. Trials leave up to 2 MB each, so it takes 500 to get there; a new process costs the traced graphs.
GROWTH = 2**30
PROCESSES = Path("/proc")
GROUPS = Path("/sys/fs/cgroup")
OOM_KILLS = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)
COUNTED = ("RssAnon:", "VmSwap:")
NO_MEMORY = (  # said of a process that was SIGKILLed when `OomKills` has seen one
    "the kernel killed it, or another process, as the machine or its container had no memory left; lower "
    "resources.parallelism, batch_size or the model's size, or set resources.memory"
)


@final
class MemoryBound:
    """Bounds what a process grows by after its first trial; what it holds then, it needs.

    Args:
        growth: bytes; a GiB by default.
        first: bytes from which it counts; what the process has after its first trial by default.
    """

    def __init__(self, growth: int = GROWTH, first: int | None = None) -> None:
        self._growth = growth
        self._first = first

    def is_passed(self) -> bool:
        """Whether this process should end; to be asked after each trial, the first included.

        Memory that is free already is given back to the system before it is counted.
        """
        if self._first is None:
            self._first = own_memory()
        if own_memory() - self._first <= self._growth:
            return False
        from sparktune.data.memory import release  # here, as a plain daemon has no numpy

        release()
        return own_memory() - self._first > self._growth


@cache
def memory_bound() -> MemoryBound:
    """The one bound of this process, for callers that keep nothing between two trials."""
    return MemoryBound()


def own_memory() -> int:
    """Bytes of this process, as `memory_of` counts them."""
    return memory_of("self")


def memory_of(process: int | str) -> int:
    """Bytes of a process, by its number, in memory or swapped out; 0 where the system does not say.

    Mapped files such as the training data do not count. What a fork shares with its parent does.
    """
    try:
        lines = (PROCESSES / str(process) / "status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(COUNTED))


@final
class OomKills:
    """What the kernel kills for want of memory from now on in a process's control group, as a container has.

    Where the group does not count such kills, those of the whole machine count.

    Args:
        process: its number; this one by default.
    """

    def __init__(self, process: int | str = "self") -> None:
        counters = [*_group_counters(process), PROCESSES / "vmstat"]
        self._counter = next((file for file in counters if _oom_kills(file) is not None), counters[-1])
        self._before = _oom_kills(self._counter) or 0

    def any(self) -> bool:
        """Whether there has been one."""
        return (_oom_kills(self._counter) or 0) > self._before


def _group_counters(process: int | str) -> list[Path]:
    """Files that may count the kills in a process's group; a container may see its group as the root."""
    files = []
    for line in _text(PROCESSES / str(process) / "cgroup").splitlines():
        _, controllers, group = line.split(":", 2)
        if not controllers:  # cgroup v2
            files += [GROUPS / place / "memory.events" for place in (group.lstrip("/"), "")]
        elif "memory" in controllers.split(","):
            files += [GROUPS / "memory" / place / "memory.oom_control" for place in (group.lstrip("/"), "")]
    return files


def _oom_kills(counter: Path) -> int | None:
    """The count in such a file; None where it has none."""
    found = OOM_KILLS.search(_text(counter))
    return int(found[1]) if found else None


def _text(file: Path) -> str:
    """The text of a system's file; empty where there is none."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""
