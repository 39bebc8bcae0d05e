"""A module that is asked once and answers once, in a fork of the fork server or else in a new process."""

import os
import subprocess
import sys
import tempfile
from typing import Self, final

from sparktune.errors import LaunchError
from sparktune.launch.forkserver.client import Fork, fork, search_path


@final
class ForkedCall:
    """Runs beside this process. A context manager: leaving it ends the module where it still runs.

    Args:
        module: run as `__main__`.
        text: its standard input.
    """

    def __init__(self, module: str, text: str) -> None:
        self._module = module
        self._given = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the call, like the next
        self._printed = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._given.write(text)
        self._given.seek(0)
        self._process = self._started()

    def answer(self) -> str:
        """What it has printed when it ends.

        Raises:
            LaunchError: it printed nothing.
        """
        self._process.wait()
        self._printed.seek(0)
        answer = self._printed.read()
        if not answer:
            raise LaunchError(f"{self._module} ended without an answer; see what it wrote to standard error")
        return answer

    def close(self) -> None:
        """End it at once, if it still runs."""
        self._process.kill()
        self._process.wait()
        self._given.close()
        self._printed.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _started(self) -> "Fork | subprocess.Popen[bytes]":
        given, printed = self._given.fileno(), self._printed.fileno()
        try:
            return fork(self._module, [], [given, printed, 2])
        except OSError:
            return subprocess.Popen(
                [sys.executable, "-m", self._module],
                stdin=given,
                stdout=printed,
                process_group=0,  # the terminal's Ctrl-C is for the driver alone
                env={**os.environ, "PYTHONPATH": search_path()},
            )
