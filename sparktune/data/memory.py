"""How much memory is left: to a process, and to what lies in `/dev/shm`, which is memory too."""

import ctypes
import sys
from contextlib import suppress
from pathlib import Path

MACHINE = Path("/proc/meminfo")
GROUP = Path("/sys/fs/cgroup")


def free_memory() -> int:
    """Bytes that machine and container can still use; `sys.maxsize` where the system does not say."""
    return min(_of_machine(), _of_group())


def release() -> None:
    """Give back to the system what this process has freed; Arrow and the C library keep it for later."""
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _of_machine() -> int:
    if MACHINE.is_file():
        for line in MACHINE.read_text(encoding="utf-8").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return sys.maxsize


def _of_group() -> int:
    """What a container's limit leaves; pages of files can be dropped, so they are not counted as used."""
    try:
        limit = (GROUP / "memory.max").read_text(encoding="utf-8").strip()
        if limit == "max":
            return sys.maxsize
        used = int((GROUP / "memory.current").read_text(encoding="utf-8"))
        numbers = dict(
            line.split() for line in (GROUP / "memory.stat").read_text(encoding="utf-8").splitlines()
        )
    except (OSError, ValueError):
        return sys.maxsize
    return int(limit) - used + int(numbers.get("inactive_file", 0))
