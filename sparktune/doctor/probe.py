"""What an executor says of itself. The function is sent by value: it works where sparktune is missing."""

from dataclasses import dataclass
from typing import Any, final

PACKAGES = ("sparktune", "tensorflow", "keras", "numpy", "pyarrow", "pyspark")
GROUP = "/sys/fs/cgroup"


@final
@dataclass(frozen=True)
class Report:
    """An executor's host: `packages` has versions, None of what is not installed; `memory` is in bytes.

    `shared` is whether it reads the file that the driver has written to `output.checkpoints`; None: there
    was none.
    """

    host: str
    python: str
    packages: dict[str, str | None]
    memory: int | None
    shared: bool | None


def probe(file: str | None = None, seconds: float = 0.0) -> dict[str, Any]:
    """The fields of a Report of this process; takes at least so many seconds."""
    import platform
    import time

    time.sleep(seconds)
    return {
        "host": platform.node(),
        "python": platform.python_version(),
        "packages": versions(PACKAGES),
        "memory": available_memory(),
        "shared": None if file is None else is_readable(file),
    }


def versions(names: tuple[str, ...]) -> dict[str, str | None]:
    """The versions of packages; None of one that is not installed."""
    return {name: version_of(name) for name in names}


def version_of(name: str) -> str | None:
    """What pip has noted of a package, else what it says itself: Spark's own PySpark is no installed one."""
    from importlib import import_module
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        pass
    try:
        return getattr(import_module(name), "__version__", None)
    except ImportError:
        return None


def available_memory() -> int | None:
    """Bytes that processes of this machine, or container, can still have; None where neither says."""
    left = [bytes_left for bytes_left in (_left_on_machine(), _left_in_container()) if bytes_left is not None]
    return min(left, default=None)


def _left_on_machine() -> int | None:
    from pathlib import Path

    try:
        sizes = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        return int(sizes["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None


def _left_in_container() -> int | None:
    """Bytes below the container's limit; cached pages of files can be dropped, so they count as free."""
    from pathlib import Path

    try:
        limit, used = (int(Path(GROUP, file).read_text()) for file in ("memory.max", "memory.current"))
        cached = dict(line.split() for line in Path(GROUP, "memory.stat").read_text().splitlines())
        return max(0, limit - used + int(cached["inactive_file"]))
    except (OSError, KeyError, ValueError):  # no container, or one without a limit
        return None


def is_readable(file: str) -> bool:
    """Whether this process can read a path or URI."""
    from pathlib import Path

    try:
        if "://" not in file:
            return bool(Path(file).read_bytes())
        from pyarrow.fs import FileSystem

        system, path = FileSystem.from_uri(file)
        with system.open_input_file(path) as remote:
            return bool(remote.read())
    except Exception:  # noqa: BLE001 - no such file, no pyarrow, no credentials
        return False
