"""A module that is asked once and answers once, in a fork of the fork server or else in a new process."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self, TextIO, final

from sparktune.errors import LaunchError
from sparktune.launch.descendants import ChildProcess
from sparktune.launch.forkserver.client import Fork, child_environment, describe_exit, fork

Process = Fork | ChildProcess
RUN_WITH_PARENT = """\
import runpy, sys
from sparktune.signals import end_with_parent
end_with_parent()
runpy.run_module(sys.argv[1], run_name="__main__", alter_sys=True)
"""


class NoAnswer(LaunchError):
    """A called module gave no answer.

    Attributes:
        how: `exited with code 3`, `was killed by SIGSEGV`, `did not end within 120 s`.
    """

    def __init__(self, module: str, how: str) -> None:
        super().__init__(f"{module} {how} without an answer; see what it wrote to standard error")
        self.how = how


def start_beside(module: str, read: int, write: int) -> Process:
    """Run a module in a fork of the fork server, or else in a new process; it is killed if this one ends.

    Args:
        module: run as `__main__`.
        read: descriptor that becomes its standard input.
        write: descriptor that becomes its standard output.
    """
    environment = child_environment()
    try:
        return fork(module, [], [read, write, 2], environment, with_caller=True)
    except OSError:
        return ChildProcess(
            [sys.executable, "-c", RUN_WITH_PARENT, module],
            stdin=read,
            stdout=write,
            process_group=0,  # the terminal's Ctrl-C is for the driver alone
            env=environment,
        )


@final
class ForkedCall:
    """A module that runs beside this process. A context manager: leaving it ends the module where it runs.

    Args:
        module: run as `__main__`; it prints its answer to standard output, see `answer_alone`.
        text: its standard input.
    """

    def __init__(self, module: str, text: str) -> None:
        self._module = module
        self._input = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the call, like the next
        self._output = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._input.write(text)
        self._input.seek(0)
        self._process = start_beside(module, self._input.fileno(), self._output.fileno())

    def answer(self, timeout: float | None = None) -> str:
        """What it has printed when it ends; it may be waited for again where it took longer than `timeout`.

        Args:
            timeout: seconds; no bound by default.

        Raises:
            NoAnswer: it printed nothing, or has not ended in time.
        """
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise NoAnswer(self._module, f"did not end within {timeout:g} s") from None
        self._output.seek(0)
        if answer := self._output.read():
            return answer
        raise NoAnswer(self._module, describe_exit(code))

    def close(self) -> None:
        """End it at once, if it still runs."""
        self._process.kill()
        self._process.wait()
        self._input.close()
        self._output.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def answer_alone() -> Iterator[TextIO]:
    """In a called module: the file for its answer; what else is printed meanwhile goes to standard error."""
    sys.stdout.flush()
    with os.fdopen(os.dup(1), "w") as answer:
        os.dup2(2, 1)
        try:
            yield answer
        finally:
            sys.stdout.flush()
            os.dup2(answer.fileno(), 1)
