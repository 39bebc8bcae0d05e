"""The fork server's process, `python -m sparktune.launch.forkserver.main DESCRIPTOR`, and its forks."""

import json
import os
import runpy
import select
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sparktune.launch.forkserver.client import PID_BYTES
from sparktune.launch.local import process  # noqa: F401 - ahead of the workers, like TensorFlow
from sparktune.training.preload import preload

REQUEST_SECONDS = 10.0


def main(listening: int) -> None:
    """Load, then fork for whoever connects, until the driver is gone; early requests wait."""
    with socket.socket(fileno=listening) as listener:
        try:
            preload()
        except Exception:  # noqa: BLE001 - forks without TensorFlow say themselves what is wrong with it
            traceback.print_exc()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while listener in select.select([listener, sys.stdin], [], [])[0]:
            _serve(listener)
        _remove(Path(listener.getsockname()))


def _remove(address: Path) -> None:
    """Remove the socket and its folder, which a driver that was killed has left."""
    with suppress(OSError):
        address.unlink()
        address.parent.rmdir()


def _serve(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection, suppress(OSError):
        connection.settimeout(REQUEST_SECONDS)
        length, descriptors, _, _ = socket.recv_fds(connection, 4, 3)
        if length and os.fork() == 0:
            listener.close()
            _become(connection, int.from_bytes(length, "big"), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _become(connection: socket.socket, length: int, descriptors: Sequence[int]) -> None:
    """In the fork: run what is asked for, tell the exit code; does not return."""
    own, code = os.getpid(), 1
    try:
        request = _request(connection, length)
        _adopt(request, descriptors)
        connection.sendall(own.to_bytes(PID_BYTES, "big"))
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as ended:
        code = _code(ended)
    except BaseException:  # noqa: BLE001 - as an interpreter would show it
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        with suppress(OSError):
            if os.getpid() == own:  # not a child that the module forked
                connection.sendall(bytes([code % 256]))
        os._exit(code)


def _request(connection: socket.socket, length: int) -> dict[str, Any]:
    with connection.makefile("rb") as file:
        request: dict[str, Any] = json.loads(file.read(length))
    return request


def _adopt(request: dict[str, Any], descriptors: Sequence[int]) -> None:
    """Turn into what a fresh interpreter of the caller would be."""
    for standard, descriptor in enumerate(descriptors):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[1:1] = [entry for entry in entries if entry and entry not in sys.path]
    sys.argv = [request["module"], *request["arguments"]]


def _code(ended: SystemExit) -> int:
    """The exit code that an interpreter gives; a text goes to standard error."""
    if ended.code is None or isinstance(ended.code, int):
        return ended.code or 0
    print(ended.code, file=sys.stderr)
    return 1


if __name__ == "__main__":
    main(int(sys.argv[1]))
