"""A module that is asked again and again, in a fork of the fork server or else in a new process."""

import os
import select
import time
from contextlib import suppress
from typing import Self, final

from sparktune.launch.forkserver.call import NoAnswer, start_beside
from sparktune.launch.forkserver.client import describe_exit

CHUNK = 65536


@final
class ForkedDialogue:
    """A module that answers each line of its standard input with a line, see `answer_alone`.

    Its input ends with this process. A context manager: leaving it ends the module.

    Args:
        module: run as `__main__`.
        first_line: the first line of its input, which has no answer.
    """

    def __init__(self, module: str, first_line: str) -> None:
        self._module = module
        self._unread = b""
        read, self._write = os.pipe()
        self._read, write = os.pipe()
        try:
            self._process = start_beside(module, read, write)
        except BaseException:
            os.close(self._write)
            os.close(self._read)
            raise
        finally:
            os.close(read)
            os.close(write)
        with suppress(BrokenPipeError):  # the first question says how it ended
            self._send(first_line)

    def ask(self, line: str, timeout: float) -> str:
        """The answer to a line, which may take `timeout` seconds.

        Raises:
            NoAnswer: the module has ended, or not answered in time.
        """
        try:
            self._send(line)
        except BrokenPipeError:
            raise self._ended() from None
        deadline = time.monotonic() + timeout
        while b"\n" not in self._unread:
            if not select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise NoAnswer(self._module, f"did not answer within {timeout:g} s")
            chunk = os.read(self._read, CHUNK)
            if not chunk:
                raise self._ended()
            self._unread += chunk
        answer, _, self._unread = self._unread.partition(b"\n")
        return answer.decode()

    def close(self) -> None:
        """End it at once, if it still runs."""
        os.close(self._write)
        os.close(self._read)
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, line: str) -> None:
        content = memoryview(line.encode() + b"\n")
        while content:
            content = content[os.write(self._write, content) :]

    def _ended(self) -> NoAnswer:
        return NoAnswer(self._module, describe_exit(self._process.wait()))
