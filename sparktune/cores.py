"""How much of this machine a process may use."""

import os


def usable_cores() -> int:
    """The cores that this process may run on, at least 1; all where the system does not say."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    return len(allowed) or os.cpu_count() or 1
