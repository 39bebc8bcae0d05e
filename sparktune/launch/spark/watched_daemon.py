"""Spark's own daemon of Python workers, whose workers do not die in silence.

Spark's daemon drops what the system says of a worker's end, so that Spark knows of a crash only where the
worker itself has left a stack. Here each worker has a parent of its own, a fork that waits for its end and
writes how it came into the file where Spark looks for the stack. The parent has the worker's socket open,
too: Spark sees the end of that, and reads the file, only afterwards.
"""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from sparktune.launch.forkserver.client import describe_exit
from sparktune.launch.memory import NO_MEMORY, OomKills
from sparktune.signals import end_with_parent

FAULTS = "PYTHON_FAULTHANDLER_DIR"  # set by Spark: the folder of crash reports, each named by a worker's pid
WORKER_ENDED = "the Python worker"  # begins the line that says how
KILLED = -int(signal.SIGKILL)


def main() -> None:
    """Be Spark's daemon, whose workers are watched if `spark.python.worker.faulthandler.enabled` is set."""
    from pyspark.daemon import manager

    if folder := os.environ.get(FAULTS):
        os.fork = watched(os.fork, Path(folder))
    manager()


def watched(fork: Callable[[], int], folder: Path) -> Callable[[], int]:
    """A `fork` with a process between child and caller, which notes in `folder` how the child ended."""

    def fork_watched() -> int:
        if watcher := fork():
            return watcher
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # the daemon ignores it, and learns of no end
        if worker := fork():
            _watch(worker, folder)
        os.fork = fork  # what a trial forks is not watched
        return 0

    return fork_watched


def _watch(worker: int, folder: Path) -> NoReturn:
    """Wait for the end of the worker and write its report anew, with how it ended in front."""
    try:
        end_with_parent()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # is for the worker; SIGHUP is ignored already
        oom_kills = OomKills()
        code = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
        lines = [f"{WORKER_ENDED} {describe_exit(code)}"]
        if code == KILLED and oom_kills.any():
            lines.append(NO_MEMORY)
        report = folder / str(worker)
        with suppress(OSError):  # Spark's executor is gone, and its folder
            if report.is_file():
                lines.append(report.read_text(errors="replace"))
            report.write_text("\n".join(lines))
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
