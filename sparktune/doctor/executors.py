"""The executors' Python, packages and memory, as they say themselves."""

import platform
from collections.abc import Iterator

from sparktune.doctor.case import Case
from sparktune.doctor.driver import listed
from sparktune.doctor.probe import PACKAGES, Report, versions
from sparktune.finding import Finding, Level

SHIP = "ship one environment with `sparktune pack` and --archives"


def check_hosts(case: Case) -> Iterator[Finding]:
    """Whether each host can train, and has what the driver has."""
    if not case.on_spark:
        return
    for report in case.executors:
        memory = "" if report.memory is None else f", {report.memory / 1e9:.1f} GB of memory are left"
        yield Finding(Level.OK, f"{report.host}: Python {report.python}, {listed(report.packages)}{memory}")
        yield from differences(report)


def differences(report: Report) -> Iterator[Finding]:
    """Where an executor's host differs from the driver."""
    here = platform.python_version()
    if report.python.split(".")[:2] != here.split(".")[:2]:
        text = f"{report.host}: Python must be that of the driver, {here}, but is {report.python}"
        yield Finding(Level.ERROR, f"{text}; set PYSPARK_PYTHON, or {SHIP}")
    for name, version in versions(PACKAGES).items():
        there = report.packages.get(name)
        if there is None:
            yield Finding(Level.ERROR, f"{report.host}: {name} is not installed; {SHIP}")
        elif version is not None and there != version:  # what the driver lacks, it says itself
            text = f"{report.host}: {name} should be that of the driver, {version}, but is {there}"
            yield Finding(Level.WARNING, f"{text}; {SHIP}")
