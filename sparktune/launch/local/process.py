"""The driver's end of a local worker process."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import final

from sparktune.errors import LaunchError
from sparktune.launch.crash import crash_excerpt
from sparktune.launch.forkserver.client import Fork, describe_exit, fork
from sparktune.launch.payload import EncodedResult, thread_environment
from sparktune.launch.pending import WorkerLost
from sparktune.temporary import temporary_environment
from sparktune.trial import Segment

MODULE = "sparktune.launch.local.worker"
READY = b"ready"
PATIENCE = 5.0  # seconds for a process to end that has closed its connection or lost ours
KILLED = -int(signal.SIGKILL)


@final
@dataclass(frozen=True)
class RunRequest:
    """The arguments of `StudyPayload.run_segments`, on their way to a worker process."""

    segments: tuple[Segment, ...]
    limit: int | None = None
    seconds: float = 0.0

    def send(self, connection: Connection) -> None:
        """Send JSON, then the content of each checkpoint that goes along."""
        contents = [segment.checkpoint_bytes for segment in self.segments]
        request = {
            **vars(self),
            "segments": [segment.to_json() for segment in self.segments],
            "checkpoints": [content is not None for content in contents],
        }
        for message in (json.dumps(request).encode(), *contents):
            if message is not None:
                connection.send_bytes(message)

    @classmethod
    def receive(cls, connection: Connection) -> "RunRequest":
        """What was sent.

        Raises:
            EOFError: the other end is closed.
        """
        request = json.loads(connection.recv_bytes())
        checkpoints = [connection.recv_bytes() if sent else None for sent in request.pop("checkpoints")]
        segments = tuple(
            replace(Segment.from_json(text), checkpoint_bytes=content)
            for text, content in zip(request["segments"], checkpoints, strict=True)
        )
        return cls(**{**request, "segments": segments})


@final
class WorkerProcess:
    """Runs segments one after another in a process that is started when needed.

    It is started again where it was lost, or has ended because it had grown by more than `memory.GROWTH`.

    Args:
        folder: holds `payload`, the pickled StudyPayload; the worker's crash report and its temporary files
            go beside it.
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
        request = RunRequest(tuple(segments), limit, seconds)
        connection = self._connection or self._start()
        try:
            request.send(connection)
            answer = json.loads(connection.recv_bytes())
            results: list[EncodedResult] = [
                (connection.recv_bytes().decode(), connection.recv_bytes() or None)
                for _ in range(answer["results"])
            ]
        except (EOFError, OSError):
            raise WorkerLost(self._describe(self._end())) from None
        if answer["outgrown"]:
            self._end()
        return results

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
        """Start the process and wait until it has read the payload."""
        ours, theirs = Pipe()
        with theirs:
            process = self._new_process(theirs.fileno())
        with self._lock:
            self._process = process
        self._connection = ours
        try:
            first = ours.recv_bytes()
        except (EOFError, OSError):
            code = self._end()
            if code == KILLED:
                raise WorkerLost(self._describe(code)) from None  # cancelled, or out of memory
            raise LaunchError(f"worker processes cannot start: {self._describe(code)}") from None
        if first != READY:
            self._end()
            raise LaunchError(f"worker processes cannot start: {first.decode()}")
        return ours

    def _new_process(self, connection: int) -> Fork | subprocess.Popen[bytes]:
        """The process, which reads from the pipe: a fork that has TensorFlow, where there is a server."""
        files = [str(self._payload), str(self._faults)]
        environment = {
            **os.environ,
            **thread_environment(self._cpus),
            **temporary_environment(self._payload.parent),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        try:
            return fork(MODULE, files, [connection, 1, 2], environment)
        except OSError:
            return subprocess.Popen(
                [sys.executable, "-m", MODULE, *files],
                stdin=connection,
                process_group=0,  # the terminal's Ctrl-C is for the driver alone
                env=environment,
            )

    def _end(self) -> int | None:
        """Free process and connection; the process's exit code, None where it did not end by itself."""
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if connection is not None:
            connection.close()
        if process is None:
            return None
        with suppress(subprocess.TimeoutExpired):
            return process.wait(PATIENCE)
        process.kill()
        process.wait()
        return None

    def _describe(self, code: int | None) -> str:
        """How the process ended, and where in its code it crashed."""
        if code is None:
            return "the worker process closed its connection and did not end"
        stack = self._faults.read_text(errors="replace") if self._faults.is_file() else ""
        return crash_excerpt(f"the worker process {describe_exit(code)}\n{stack}".strip())
