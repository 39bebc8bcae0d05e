"""The driver's end of a local worker process."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import final

from sparktune.errors import LaunchError
from sparktune.launch.crash import crash_excerpt, stack_excerpt
from sparktune.launch.descendants import ChildProcess
from sparktune.launch.forkserver.client import Fork, describe_exit, fork
from sparktune.launch.limits import UNLIMITED, Excess, Limits
from sparktune.launch.memory import NO_MEMORY, OomKills
from sparktune.launch.payload import (
    EncodedResult,
    encode_result,
    ended,
    thread_environment,
    with_standstill,
)
from sparktune.launch.pending import WorkerLost
from sparktune.temporary import temporary_environment
from sparktune.trial import Segment, TrialState

MODULE = "sparktune.launch.local.worker"
READY = b"ready"
RESULT, DONE, OUTGROWN = b"result", b"done", b"outgrown"  # what a message is, or what follows it
SHOW_STACK = signal.SIGUSR1  # the worker writes its stack into its file of faults
STACK_SECONDS = {TrialState.TIMED_OUT: 1.0, TrialState.OUT_OF_MEMORY: 0.1}  # in which it does so
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

    It is started again where it was lost, has passed a limit of its trial, or has ended because it had grown
    by more than `memory.GROWTH`.

    Args:
        folder: holds `payload`, the pickled StudyPayload; the worker's crash report and its temporary files
            go beside it.
        name: names the report.
        cpus: bounds the threads of numpy and TensorFlow.
        limits: of each trial; none by default.
    """

    def __init__(self, folder: Path, name: str, cpus: int, limits: Limits = UNLIMITED) -> None:
        self._payload = folder / "payload"
        self._faults = folder / f"{name}.faults"
        self._cpus = cpus
        self._limits = limits
        self._process: Fork | ChildProcess | None = None
        self._connection: Connection | None = None
        self._oom_kills = OomKills()  # since the process started, or its segments began
        self._lock = threading.Lock()

    def run(
        self, segments: Sequence[Segment], limit: int | None = None, seconds: float = 0.0
    ) -> list[EncodedResult]:
        """`StudyPayload.run_segments` in the process; by default the first and those that train with it.

        The last result is that of a trial that has passed a limit, where one has: TIMED_OUT or OUT_OF_MEMORY.

        Raises:
            WorkerLost: the process ended before the trial did.
            LaunchError: the process cannot start.
        """
        connection = self._connection or self._start()
        process = self._process.pid if self._process else 0
        self._oom_kills = OomKills(process)
        results: list[EncodedResult] = []
        try:
            RunRequest(tuple(segments), limit, seconds).send(connection)
            for segment in segments:
                waited = self._limits.wait(connection, process, segment)
                if isinstance(waited, Excess):
                    return [*results, self._stopped(segment, waited)]
                if (kind := connection.recv_bytes()) != RESULT:
                    break
                record = with_standstill(connection.recv_bytes().decode(), waited)
                results.append((record, connection.recv_bytes() or None))
            else:
                kind = connection.recv_bytes()
        except (EOFError, OSError):
            raise self._lost(self._end()) from None
        if kind == OUTGROWN:
            self.close()
        return results

    def kill(self) -> None:
        """End the process and what it has started at once, from any thread; `run` then raises WorkerLost."""
        with self._lock:
            if self._process is not None:
                self._process.kill()

    def close(self) -> None:
        """End the process, and what its trials have started."""
        if self._connection is not None:
            self.kill()
            self._end()

    def _start(self) -> Connection:
        """Start the process and wait until it has read the payload."""
        self._oom_kills = OomKills()
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
                raise self._lost(code) from None  # cancelled, or out of memory
            raise LaunchError(f"worker processes cannot start: {self._describe(code)}") from None
        if first != READY:
            self._end()
            raise LaunchError(f"worker processes cannot start: {first.decode()}")
        return ours

    def _new_process(self, connection: int) -> Fork | ChildProcess:
        """The process, which reads from the pipe: a fork that has TensorFlow, where there is a server."""
        files = [str(self._payload), str(self._faults)]
        environment = {
            **os.environ,
            **thread_environment(self._cpus),
            **temporary_environment(self._payload.parent),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        try:
            return fork(MODULE, files, [connection, 1, 2], environment, with_caller=True)
        except OSError:
            return ChildProcess(
                [sys.executable, "-m", MODULE, *files],
                stdin=connection,
                process_group=0,  # the terminal's Ctrl-C is for the driver alone
                env=environment,
            )

    def _stopped(self, segment: Segment, excess: Excess) -> EncodedResult:
        """End the process, whose trial has passed a limit; gives the result of that."""
        frames = stack_excerpt(self._stack(STACK_SECONDS[excess.state]))
        self.kill()
        self._end()
        result = ended(segment.trial, excess.state, excess.error(frames), excess.seconds)
        return encode_result(result, segment.trial)

    def _stack(self, seconds: float) -> str:
        """What the process writes of its stack within so many seconds; empty where it is stopped, say."""
        if self._process is not None:
            self._process.send_signal(SHOW_STACK)
        deadline, before, text = time.monotonic() + seconds, "", self._read_faults()
        while time.monotonic() < deadline and (not text or text != before):
            time.sleep(seconds / 20)
            before, text = text, self._read_faults()
        return text

    def _read_faults(self) -> str:
        return self._faults.read_text(errors="replace") if self._faults.is_file() else ""

    def _end(self) -> int | None:
        """Free process and connection; the process's exit code, None where it did not end by itself."""
        with self._lock:  # `kill` comes from other threads
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

    def _lost(self, code: int | None) -> WorkerLost:
        """What the end of the process means; perhaps that the kernel had no memory for it."""
        if code == KILLED and self._oom_kills.any():
            return WorkerLost(f"{self._describe(code)}\n{NO_MEMORY}", state=TrialState.OUT_OF_MEMORY)
        return WorkerLost(self._describe(code))

    def _describe(self, code: int | None) -> str:
        """How the process ended, and where in its code it crashed."""
        if code is None:
            return "the worker process closed its connection and did not end"
        return crash_excerpt(f"the worker process {describe_exit(code)}\n{self._read_faults()}".strip())
