"""Free memory, for processes and for files in `/dev/shm`, which are kept in memory too."""

import ctypes
import sys
from contextlib import suppress
from pathlib import Path

MACHINE = Path("/proc/meminfo")
GROUP = Path("/sys/fs/cgroup")


def free_memory() -> int:
    """Bytes that machine and container can still use; `sys.maxsize` where the system does not say."""
    kibibytes = _entries(MACHINE).get("MemAvailable:") if MACHINE.is_file() else None
    return min(sys.maxsize if kibibytes is None else kibibytes * 1024, _left_in_container())


def release() -> None:
    """Give back to the system what this process has freed; Arrow and the C library keep it for later."""
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _left_in_container() -> int:
    """Bytes below the container's limit; cached pages of files can be dropped, so they count as free."""
    try:
        limit = (GROUP / "memory.max").read_text(encoding="utf-8").strip()
        if limit == "max":
            return sys.maxsize
        used = int((GROUP / "memory.current").read_text(encoding="utf-8"))
        return int(limit) - used + _entries(GROUP / "memory.stat").get("inactive_file", 0)
    except (OSError, ValueError):
        return sys.maxsize


def _entries(file: Path) -> dict[str, int]:
    """The numbers of a system file that has a name and a number in each line."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return {name: int(number) for name, number, *_ in map(str.split, lines)}
