"""A process with TensorFlow loaded, from which others are forked: they start in milliseconds.

The driver starts it before the JVM, so that TensorFlow is imported while Spark starts. Whoever knows the
socket (its folder is the user's alone) sends a module, arguments, environment, working directory and three
descriptors. A fork answers with its pid and runs the module as `python -m` would; the server, its parent,
sends how it ended.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Self, final

from sparktune.launch.descendants import kill_with_descendants
from sparktune.temporary import driver_folder, temporary_environment

ADDRESS = "SPARKTUNE_FORK_SERVER"
START_SECONDS = 60.0  # the import of TensorFlow on a busy machine
LONGEST_FOLDER = 60  # characters; a socket's address may have 107
LENGTH_BYTES = 4  # of a request's length, which a byte follows: 1 for a fork that ends with its caller
NUMBER_BYTES = 4  # of a pid or an exit code
UNKNOWN = -int(signal.SIGKILL)  # the exit code of a fork that was lost together with its server


def safe_here() -> bool:
    """Whether forking after the import of TensorFlow is known to work on this system."""
    return sys.platform.startswith("linux")


def serving() -> bool:
    """Whether this process knows a fork server that lives."""
    with socket.socket(socket.AF_UNIX) as connection, suppress(OSError):
        connection.connect(os.environ.get(ADDRESS, ""))
        return True
    return False


def start_fork_server() -> AbstractContextManager[object]:
    """A fork server, unless this process knows one that lives, or forking is not known to be safe here."""
    return ForkServer() if safe_here() and not serving() else nullcontext()


def keep_fork_server() -> None:
    """Start a fork server that lives as long as this process, unless this process knows one or needs none.

    Studies that follow each other in one process, as in a notebook, load TensorFlow once.
    """
    if safe_here() and not serving():
        atexit.register(ForkServer().__exit__, None, None, None)


@final
class ForkServer:
    """The driver's end: starts the process at once, ends it on leaving.

    What was forked from it lives on, unless `with_caller`.
    """

    def __init__(self) -> None:
        folder = driver_folder()
        place = "/tmp" if len(str(folder)) > LONGEST_FOLDER else folder
        self._folder = tempfile.TemporaryDirectory(prefix="sparktune-", dir=place)
        self.address = str(Path(self._folder.name) / "socket")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.address)
            listener.listen(64)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sparktune.launch.forkserver.main", str(listener.fileno())],
                stdin=subprocess.PIPE,
                pass_fds=[listener.fileno()],
                process_group=0,  # the terminal's Ctrl-C is for the driver alone
                env={
                    **child_environment(),
                    # before the import: Spark's hash seed, and one thread for numpy's products
                    "PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", "0"),
                    "OPENBLAS_NUM_THREADS": "1",
                },
            )
        os.environ[ADDRESS] = self.address  # the JVM hands it on to the daemon

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if os.environ.get(ADDRESS) == self.address:
            del os.environ[ADDRESS]
        self._folder.cleanup()  # first: if this process is killed now, the server cannot do it any more
        self._process.kill()
        self._process.communicate()


@final
class Fork:
    """A process that was forked from the fork server; waits and kills as `subprocess.Popen` does."""

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self.pid = pid
        self._connection = connection
        self._code: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, or minus the number of the signal that ended it.

        Raises:
            subprocess.TimeoutExpired: it still runs after `timeout` seconds.
        """
        if self._code is None:
            if not select.select([self._connection], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"fork {self.pid}", timeout or 0.0)
            with self._connection, suppress(OSError):
                self._code = _read_number(self._connection)
            if self._code is None:
                self._code = UNKNOWN
        return self._code

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self._runs():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it and its descendants at once, if it still runs."""
        if self._runs():
            kill_with_descendants(self.pid)

    def _runs(self) -> bool:
        """Whether nothing of its end has come so far; what has come is left for `wait` to read."""
        return self._code is None and not select.select([self._connection], [], [], 0)[0]


def describe_exit(code: int) -> str:
    """How a process ended, to follow `the process`: its exit code or, where that is negative, its signal."""
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def encode_number(number: int) -> bytes:
    """A pid or an exit code, as the fork server sends it."""
    return number.to_bytes(NUMBER_BYTES, "big", signed=True)


def _read_number(connection: socket.socket) -> int | None:
    """The number that comes next; None where the connection ends."""
    read = connection.recv(NUMBER_BYTES, socket.MSG_WAITALL)
    return int.from_bytes(read, "big", signed=True) if len(read) == NUMBER_BYTES else None


def fork(
    module: str,
    arguments: Sequence[str],
    descriptors: Sequence[int],
    environment: Mapping[str, str] | None = None,
    with_caller: bool = False,
) -> Fork:
    """Start a module in a fork of the fork server; waits while the server loads TensorFlow.

    Args:
        module: run as `__main__`.
        arguments: what follows the program's name.
        descriptors: become standard input, output and error.
        environment: this process's by default.
        with_caller: whether the fork is killed as soon as this process, or the server, has ended.

    Raises:
        OSError: there is no fork server, or it is gone; the module has not been started.
    """
    request = {
        "module": module,
        "arguments": [*arguments],
        "environment": dict(os.environ if environment is None else environment),
        "folder": str(Path.cwd()),
    }
    message = json.dumps(request).encode()
    head = len(message).to_bytes(LENGTH_BYTES, "big") + bytes([with_caller])
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(START_SECONDS)
        connection.connect(os.environ.get(ADDRESS, ""))
        socket.send_fds(connection, [head], descriptors)
        connection.sendall(message)
        pid = _read_number(connection) or 0
        if pid <= 0:
            raise ConnectionResetError("the fork server ended before it started the module")
    except BaseException:
        connection.close()
        raise
    connection.settimeout(None)
    return Fork(connection, pid)


def child_environment() -> dict[str, str]:
    """This process's environment, for one that finds the same modules and has its temporary files here."""
    path = os.pathsep.join(filter(None, sys.path))
    return {**os.environ, "PYTHONPATH": path, **temporary_environment(driver_folder())}
