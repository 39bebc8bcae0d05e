"""The driver's Python, packages and memory."""

import platform
from collections.abc import Iterator

from sparktune.doctor.case import Case
from sparktune.doctor.probe import PACKAGES, available_memory, versions
from sparktune.finding import Finding, Level

ENOUGH = 2 * 2**30  # bytes that TensorFlow, Spark's driver and a small study need


def check_python(case: Case) -> Iterator[Finding]:
    """Python and the packages that trials need."""
    found = versions(PACKAGES)
    yield Finding(Level.OK, f"driver: Python {platform.python_version()}, {listed(found)}")
    for name, version in found.items():
        if version is None:
            yield not_installed(name)


def not_installed(package: str) -> Finding:
    """A package is missing on the driver."""
    return Finding(Level.ERROR, f"{package} is not installed on the driver; pip install {package}")


def check_memory(case: Case) -> Iterator[Finding]:
    """What is left of the driver's memory."""
    memory = available_memory()
    if memory is None:
        yield Finding(Level.OK, "driver: the system does not say how much memory is left")
    elif memory < ENOUGH:
        text = f"driver: {memory / 1e9:.1f} GB of memory are left; TensorFlow and Spark need some 2 GB"
        yield Finding(Level.WARNING, f"{text}: end other programs, or take a larger machine")
    else:
        yield Finding(Level.OK, f"driver: {memory / 1e9:.1f} GB of memory are left")


def listed(packages: dict[str, str | None]) -> str:
    """Packages and their versions in a line."""
    return ", ".join(f"{name} {version}" for name, version in packages.items() if version is not None)
