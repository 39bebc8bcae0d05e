"""The driver's end of a local worker process."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from sparktune.errors import LaunchError
from sparktune.launch.forkserver.client import Fork, fork
from sparktune.launch.payload import EncodedResult, thread_environment
from sparktune.launch.pending import WorkerLost
from sparktune.trial import Segment

MODULE = "sparktune.launch.local.worker"
READY = b"ready"
PATIENCE = 5.0


class WorkerProcess:
    """Runs trials one after another in a process that is started when needed and again when it was lost.

    Args:
        folder: holds `payload`, the pickled StudyPayload; the worker's crash report goes beside it.
        name: names the report.
        cpus: bounds the threads of numpy and TensorFlow.
    """

    def __init__(self, folder: Path, name: str, cpus: int) -> None:
        self._payload = folder / "payload"
        self._faults = folder / f"{name}.faults"
        self._cpus = cpus
        self._process: Fork | subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._lock = threading.Lock()

    def run(
        self, segments: Sequence[Segment], limit: int | None = None, seconds: float = 0.0
    ) -> list[EncodedResult]:
        """`StudyPayload.run_segments` in the process; by default the first and those that train with it.

        Raises:
            WorkerLost: the process ended before the trial did.
            LaunchError: the process cannot start.
        """
        connection = self._connection or self._start()
        try:
            asked = {
                "segments": [segment.to_json() for segment in segments],
                "limit": limit,
                "seconds": seconds,
            }
            connection.send_bytes(json.dumps(asked).encode())
            count = int(connection.recv_bytes())
            return [(connection.recv_bytes().decode(), connection.recv_bytes() or None) for _ in range(count)]
        except (EOFError, OSError):
            raise WorkerLost(self._end()) from None

    def kill(self) -> None:
        """End the process at once, from any thread; a `run` under way raises WorkerLost."""
        with self._lock:
            if self._process is not None:
                self._process.kill()

    def close(self) -> None:
        """End the process."""
        if self._connection is not None:
            self._end()

    def _start(self) -> Connection:
        ours, theirs = Pipe()
        with theirs:
            process = self._made(theirs.fileno())
        with self._lock:
            self._process = process
        self._connection = ours
        self._await_ready(ours)
        return ours

    def _made(self, connection: int) -> Fork | subprocess.Popen[bytes]:
        """The process, which reads from the pipe: a fork that has TensorFlow, where there is a server."""
        files = [str(self._payload), str(self._faults)]
        path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        environment = {**os.environ, **thread_environment(self._cpus), **path}
        try:
            return fork(MODULE, files, [connection, 1, 2], environment)
        except OSError:
            return subprocess.Popen(
                [sys.executable, "-m", MODULE, *files],
                stdin=connection,
                process_group=0,  # the terminal's Ctrl-C is for the driver alone
                env=environment,
            )

    def _await_ready(self, connection: Connection) -> None:
        try:
            greeting = connection.recv_bytes()
        except (EOFError, OSError):
            how = self._end()
            if signal.SIGKILL.name in how:
                raise WorkerLost(how) from None  # cancelled, or out of memory
            raise LaunchError(f"worker processes cannot start: {how}") from None
        if greeting != READY:
            self._end()
            raise LaunchError(f"worker processes cannot start: {greeting.decode()}")

    def _end(self) -> str:
        """Free process and connection; how the process ended, with its stack where it crashed."""
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if connection is not None:
            connection.close()
        if process is None:
            return "the worker process is gone"
        try:
            code = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with code {code}"
        stack = self._faults.read_text(errors="replace") if self._faults.is_file() else ""
        return f"the worker process {how} (exit code {code})\n{stack}".strip()
