"""How much of this machine a process may use."""

import math
import os
from contextlib import suppress
from pathlib import Path

SHARE = Path("/sys/fs/cgroup/cpu.max")  # microseconds of CPU time in each period, or max, and the period


def usable_cores() -> int:
    """The cores that this process may run on, or its container's share of them; at least 1."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    cores = len(allowed) or os.cpu_count() or 1
    with suppress(OSError, ValueError):  # no container says so, or it has no limit
        share, period = map(int, SHARE.read_text(encoding="ascii").split())
        cores = min(cores, max(1, math.ceil(share / period)))
    return cores
