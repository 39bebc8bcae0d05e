"""The fork server's process, `python -m sparktune.launch.forkserver.main DESCRIPTOR`, and its forks."""

import json
import os
import runpy
import select
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from sparktune.launch.descendants import kill_with_descendants
from sparktune.launch.forkserver.client import LENGTH_BYTES, encode_number
from sparktune.launch.local import process  # noqa: F401 - ahead of the workers, like TensorFlow
from sparktune.signals import end_with_parent
from sparktune.training.preload import preload

REQUEST_SECONDS = 10.0
Forks = dict[int, socket.socket]  # those that run, by pid, each with the connection of whoever asked for it


def main(listening: int) -> None:
    """Load, then fork for whoever connects, until the driver is gone; early requests wait."""
    with socket.socket(fileno=listening) as listener:
        try:
            preload()
        except Exception:  # noqa: BLE001 - forks without TensorFlow say themselves what is wrong with it
            traceback.print_exc()
        waker, woken = socket.socketpair()
        for end in (waker, woken):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # Python writes the signal's number to `waker`
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        forks: Forks = {}
        poll = select.poll()
        for file in (listener, woken, sys.stdin):
            poll.register(file, select.POLLIN)
        ready: set[int] = set()
        while ready != {sys.stdin.fileno()}:  # whose end is that of the driver
            ready = {descriptor for descriptor, _ in poll.poll()}
            _kill_left(forks, ready, poll)
            if woken.fileno() in ready:
                woken.recv(4096)
                _report_ended(forks, poll)
            if listener.fileno() in ready:
                with suppress(OSError):
                    _fork(listener, forks, poll)
        with suppress(OSError):  # what a driver that was killed has left
            address = Path(listener.getsockname())
            address.unlink(missing_ok=True)
            address.parent.rmdir()


def _fork(listener: socket.socket, forks: Forks, poll: select.poll) -> None:
    """Take a request and fork for it; the fork itself reads what is asked for."""
    connection, _ = listener.accept()
    connection.settimeout(REQUEST_SECONDS)
    head, descriptors, _, _ = socket.recv_fds(connection, LENGTH_BYTES + 1, 3)
    length, with_caller = head[:LENGTH_BYTES], any(head[LENGTH_BYTES:])
    try:
        if length and (pid := os.fork()):
            forks[pid] = connection
            if with_caller:
                poll.register(connection, 0)  # for the end of its other side alone
        elif length:
            for other in (listener, *forks.values()):
                other.close()
            if with_caller:
                end_with_parent()  # which ends with the driver, perhaps before it has seen the caller's end
            _become(connection, int.from_bytes(length, "big"), descriptors)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _kill_left(forks: Forks, ready: set[int], poll: select.poll) -> None:
    """Kill the forks whose callers have ended, with what they have started.

    A call that keeps Python's lock would not let them notice that end.
    """
    for pid, connection in forks.items():
        if connection.fileno() in ready:
            poll.unregister(connection)
            kill_with_descendants(pid)


def _report_ended(forks: Forks, poll: select.poll) -> None:
    """Send the exit code of each fork that has ended, or minus its signal, to whoever asked for it."""
    while forks:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with forks.pop(pid) as connection, suppress(OSError):
            with suppress(KeyError):
                poll.unregister(connection)
            connection.sendall(encode_number(os.waitstatus_to_exitcode(status)))


def _become(connection: socket.socket, length: int, descriptors: Sequence[int]) -> NoReturn:
    """In the fork: run what is asked for, and end as an interpreter would.

    The exit code is sent from here too: the fork may outlive the server.
    """
    own, code = os.getpid(), 1
    try:
        connection.sendall(encode_number(own))
        with connection.makefile("rb") as file:
            request: dict[str, Any] = json.loads(file.read(length))
        _adopt(request, descriptors)
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001 - as an interpreter would show it
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        with suppress(OSError):
            if os.getpid() == own:  # not a child that the module forked
                connection.sendall(encode_number(code % 256))
        os._exit(code)


def _adopt(request: dict[str, Any], descriptors: Sequence[int]) -> None:
    """Turn into what a fresh interpreter of the caller would be."""
    for standard, descriptor in enumerate(descriptors):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(request["environment"])
    tempfile.tempdir = None  # is found again, from the environment
    os.chdir(request["folder"])
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[1:1] = [entry for entry in entries if entry and entry not in sys.path]
    sys.argv = [request["module"], *request["arguments"]]


if __name__ == "__main__":
    main(int(sys.argv[1]))
