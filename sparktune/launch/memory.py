"""Has a process that runs one trial after another outgrown its bound?"""

from functools import cache
from pathlib import Path
from typing import final

from sparktune.data.memory import release

# Bytes. Trials leave up to 2 MB each, so it takes 500 to get there; a new process costs the traced graphs.
GROWTH = 2**30
STATUS = Path("/proc/self/status")


@final
class MemoryBound:
    """Bounds what a process grows by after its first trial; what it holds then, it needs.

    Args:
        growth: bytes; a GiB by default.
    """

    def __init__(self, growth: int = GROWTH) -> None:
        self._growth = growth
        self._first: int | None = None

    def is_passed(self) -> bool:
        """Whether this process should end; to be asked after each trial, the first included.

        Memory that is free already is given back to the system before it is counted.
        """
        if self._first is None:
            self._first = own_memory()
        if own_memory() - self._first <= self._growth:
            return False
        release()
        return own_memory() - self._first > self._growth


@cache
def memory_bound() -> MemoryBound:
    """The bound of this process, for whoever is called anew for each trial."""
    return MemoryBound()


def own_memory() -> int:
    """Bytes in memory, but for mapped files such as the training data; 0 where the system does not say."""
    if not STATUS.is_file():
        return 0
    lines = STATUS.read_text(encoding="utf-8").splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:")), 0)
