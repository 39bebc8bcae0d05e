"""Places that a study writes to: its directory on the driver, and what hosts share."""

import shutil
from collections.abc import Iterator

from sparktune.doctor.case import Case
from sparktune.finding import Finding, Level
from sparktune.ledger.ownership import check_directory, check_writable

ROOM = 2**30  # bytes


def check_study_directory(case: Case) -> Iterator[Finding]:
    """Whether the driver can write there, and how much room there is."""
    folder = case.spec.study_directory
    check_directory(folder)
    free = shutil.disk_usage(check_writable(folder)).free
    if free < ROOM:
        text = f"{folder}: {free / 1e9:.2f} GB of disk are left, for models and checkpoints"
        yield Finding(Level.WARNING, f"{text}; free some, or set output.directory")
    else:
        yield Finding(Level.OK, f"{folder}: writable, {free / 1e9:.1f} GB of disk are left")


def check_checkpoints(case: Case) -> Iterator[Finding]:
    """Whether the driver can write to the place of large checkpoints, and every host sees it."""
    place, limit = case.spec.output.checkpoints, case.spec.output.checkpoint_limit
    if place is None:
        yield Finding(Level.OK, f"checkpoints of up to {limit} bytes are sent; larger ones are not kept")
    elif case.on_spark:
        blind = [report.host for report in case.executors if not report.shared]
        for host in blind:
            text = f"{host}: output.checkpoints must be shared with the driver, but {place} is not"
            yield Finding(Level.ERROR, f"{text}; give a path or URI that all hosts see")
        if not blind:
            yield Finding(Level.OK, f"{place}: shared by the driver and all hosts that answered")
    else:
        with case.marked_checkpoints():
            pass
        yield Finding(Level.OK, f"checkpoints of more than {limit} bytes go to {place}")
