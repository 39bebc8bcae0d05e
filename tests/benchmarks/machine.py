"""The machine that a benchmark ran on, and how busy others kept it meanwhile."""

import os
import platform
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Self

TICK = os.sysconf("SC_CLK_TCK")
LIBRARIES = ("sparktune", "tensorflow", "keras", "pyspark", "mlflow")


def describe() -> str:
    """Cores, CPU model, memory, system and the versions of what is measured, on one line."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = [f"{cores} cores", _cpu_model(), f"{memory:.0f} GiB", f"{platform.system()} {platform.release()}"]
    return ", ".join([*parts, f"Python {platform.python_version()}", *_versions()])


def _cpu_model() -> str:
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _versions() -> list[str]:
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


@dataclass(frozen=True)
class Moment:
    """A point in time: wall clock, CPU seconds of the whole machine so far, load average of a minute."""

    wall: float
    machine_cpu: float
    load: float

    @classmethod
    def now(cls) -> Self:
        fields = [
            int(f) for f in Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:]
        ]
        user, nice, system, _idle, _iowait, irq, softirq, steal = fields[:8]
        busy = (user + nice + system + irq + softirq + steal) / TICK
        return cls(time.monotonic(), busy, os.getloadavg()[0])

    def others_since(self, earlier: "Moment", own_cpu: float) -> float:
        """Cores that somebody else kept busy since `earlier`, on average; near 0 on a quiet machine."""
        wall = self.wall - earlier.wall
        return max(0.0, (self.machine_cpu - earlier.machine_cpu - own_cpu) / wall) if wall else 0.0
