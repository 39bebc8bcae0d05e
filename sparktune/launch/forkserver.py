"""A process with TensorFlow loaded, from which others are forked: they start in milliseconds.

The driver starts it before the JVM, so that TensorFlow is imported while Spark starts. Whoever knows the
socket (its folder is the user's alone) sends a module, arguments, environment and three descriptors; a fork
runs the module as `python -m` would, and the connection closes when it has ended.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, final

from sparktune.errors import LaunchError

ADDRESS = "SPARKTUNE_FORK_SERVER"
CONNECT_SECONDS = 30.0


def safe_here() -> bool:
    """Whether forking after the import of TensorFlow is known to work on this system."""
    return sys.platform.startswith("linux")


@final
class ForkServer:
    """The driver's end: starts the process at once, ends it on leaving. What was forked from it lives on."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sparktune-")
        self.address = str(Path(self._folder.name) / "socket")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.address)
            listener.listen(64)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sparktune.launch.forking", str(listener.fileno())],
                stdin=subprocess.PIPE,
                pass_fds=[listener.fileno()],
                process_group=0,  # the terminal's Ctrl-C is for the driver alone
                env={**os.environ, **_environment()},
            )
        os.environ[ADDRESS] = self.address  # the JVM hands it on to the daemon

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if os.environ.get(ADDRESS) == self.address:
            del os.environ[ADDRESS]
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()


def fork(module: str, arguments: Sequence[str], descriptors: Sequence[int]) -> socket.socket:
    """Run a module in a fork of the fork server; the connection ends when the fork does.

    Args:
        module: run as `__main__`.
        arguments: what follows the program's name.
        descriptors: become standard input, output and error.

    Raises:
        OSError: there is no fork server, or it is gone.
    """
    request = {"module": module, "arguments": [*arguments], "environment": dict(os.environ)}
    message = json.dumps(request).encode()
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(CONNECT_SECONDS)
        connection.connect(os.environ.get(ADDRESS, ""))
        socket.send_fds(connection, [len(message).to_bytes(4, "big")], descriptors)
        connection.sendall(message)
    except BaseException:
        connection.close()
        raise
    connection.settimeout(None)
    return connection


def run_module(module: str, text: str) -> str:
    """What a module prints, given `text` as its standard input; in a fork, or else in a new process.

    Raises:
        LaunchError: it printed nothing.
    """
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as printed:
        given.write(text)
        given.seek(0)
        try:
            with fork(module, [], [given.fileno(), printed.fileno(), 2]) as connection:
                connection.recv(1)
        except OSError:
            subprocess.run([sys.executable, "-m", module], stdin=given, stdout=printed, check=False)
        printed.seek(0)
        answer = printed.read()
    if not answer:
        raise LaunchError(f"{module} ended without an answer; see what it wrote to standard error")
    return answer


def _environment() -> dict[str, str]:
    """What must be known before the import: Spark's hash seed, and one thread for numpy's products."""
    seed = os.environ.get("PYTHONHASHSEED", "0")
    path = os.pathsep.join(filter(None, sys.path))
    return {"PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": path}
