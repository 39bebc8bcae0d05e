"""Hosts of a standalone Spark cluster on the loopback, drivers on it, and access to all their processes."""

import fcntl
import json
import os
import select
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparktune.data.host import MEMORY
from sparktune.launch import start_fork_server
from tests.chaos.processes import born, command_of, kill, processes_in
from tests.launch.quick_java import quick_java
from tests.launch.standalone import StandaloneCluster

ROOT = Path(__file__).parents[2]
MARK = "SPARKTUNE_CHAOS"  # an environment variable of all processes of a cluster
PATIENCE = 120.0
SETTINGS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.maxResultSize": "2m",
    "spark.executor.extraJavaOptions": quick_java(),
    "spark.executor.heartbeatInterval": "1s",
    "spark.executor.memory": "512m",
    "spark.network.timeout": "10s",
    "spark.network.timeoutInterval": "1s",
    "spark.log.level": "OFF",
    "spark.python.task.killTimeout": "200ms",
    "spark.ui.enabled": "false",
}


def until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """What `condition` gives as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(0.01)
    return found


@dataclass(frozen=True)
class Running:
    """A segment that trains now: its process and when that was started, its trial and its first epoch."""

    process: int
    since: int
    trial: int
    start: int

    @property
    def alive(self) -> bool:
        """Whether its process has not ended."""
        return born(self.process) == self.since

    def kill(self) -> bool:
        """SIGKILL its process; whether that was there."""
        return kill(self.process, self.since)


class Driver:
    """A process that runs studies on the cluster, one after another."""

    def __init__(self, folder: Path, running: Path, arguments: str) -> None:
        self._errors = folder / f"driver-{uuid.uuid4().hex[:8]}.log"
        with self._errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.driver", str(running)],
                cwd=ROOT,
                env={**os.environ, "PYSPARK_SUBMIT_ARGS": arguments},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def begin(self, config: Path, pause: float = 0.1) -> None:
        """Let it run a study; each segment takes twice `pause` seconds more."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"config": str(config), "pause": pause}) + "\n")
        self.process.stdin.flush()

    def wait(self) -> None:
        """Wait until the study has ended well."""
        assert self.has_answered(2 * PATIENCE), f"no end of the study: {self.errors}"
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the driver has ended: {self.errors}"
        assert json.loads(line) == {"error": None}

    def has_answered(self, seconds: float = 0.0) -> bool:
        """Whether the study has ended, or the driver, within so many seconds."""
        return bool(select.select([self.process.stdout], [], [], seconds)[0])

    def run(self, config: Path, pause: float = 0.1) -> None:
        """Run a study to its end."""
        self.begin(config, pause)
        self.wait()

    def end(self) -> None:
        """Let the process end by itself."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.kill()

    def kill(self) -> None:
        """SIGKILL the process; its JVM is left to itself."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]

    @property
    def errors(self) -> str:
        """The end of what it wrote to standard error."""
        return self._errors.read_text()[-5000:]


class Cluster:
    """A master and two workers with one core each, which Spark takes for two hosts.

    Their Python workers are forks of one process that has TensorFlow loaded. All processes have the mark of
    this cluster in their environment and their temporary files in `folder`.
    """

    def __init__(
        self, folder: Path, standalone: StandaloneCluster, mark: str, settings: dict[str, str]
    ) -> None:
        self.folder = folder
        self.standalone = standalone
        self._mark = mark.encode()
        self._running = folder / "running"
        self._running.mkdir()
        self._settings = settings
        self._driver: Driver | None = None

    def driver(self) -> Driver:
        """The driver that lives; a new one where there is none."""
        if self._driver is None or self._driver.process.poll() is not None:
            options = {"spark.master": self.standalone.url, **SETTINGS, **self._settings}
            confs = " ".join(f"--conf '{name}={value}'" for name, value in options.items())
            self._driver = Driver(self.folder, self._running, f"{confs} pyspark-shell")
        return self._driver

    def running(self) -> list[Running]:
        """The segments that train now."""
        found = []
        for path in self._running.glob("[0-9]*"):
            with suppress(OSError):
                segment = Running(int(path.name), *json.loads(path.read_text()))
                if segment.alive:
                    found.append(segment)
        return found

    def trains(self, segment: Running) -> bool:
        """Whether this segment has begun and not ended; its process may have been killed just now."""
        with suppress(OSError):
            place = self._running / str(segment.process)
            return Running(segment.process, *json.loads(place.read_text())) == segment
        return False

    def later_segment(self, start: int = 2) -> Running:
        """A running segment that begins after so many epochs or more, as soon as there is one."""
        found: Running = until(
            lambda: next((r for r in self.running() if r.start >= start), None), "a later segment"
        )
        return found

    def executor_of(self, segment: Running) -> int:
        """The executor's JVM that a segment runs in.

        Raises:
            OSError: the segment's process has ended.
            ValueError: the executor has.
        """
        folder = Path(f"/proc/{segment.process}/cwd").readlink()
        (jvm,) = [p for p in processes_in(folder) if b"CoarseGrainedExecutorBackend" in command_of(p)]
        return jvm

    def host_of(self, segment: Running) -> list[int]:
        """All processes of the host that a segment runs on: Spark's worker, executors and their Python."""
        executor = Path(f"/proc/{segment.process}/cwd").readlink()
        workers = self.standalone.workers
        (index,) = [i for i in range(len(workers)) if executor.is_relative_to(self.standalone.work_folder(i))]
        return [workers[index].pid, *processes_in(self.standalone.work_folder(index))]

    def trains_no_more(self, segments: list[Running], seconds: float = 15.0) -> None:
        """Wait until the processes of these segments are gone."""
        until(lambda: not any(segment.alive for segment in segments), "the end of old segments", seconds)

    def close(self) -> None:
        """End the driver."""
        if self._driver is not None:
            self._driver.kill()

    def left_processes(self) -> list[str]:
        """Command lines of processes that no study needs: all but Spark's master and workers."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                command = command_of(int(entry.name))
                daemon = b"org.apache.spark.deploy" in command
                if self._mark in (entry / "environ").read_bytes() and not daemon:
                    found.append(command.replace(b"\0", b" ").decode()[:200])
        return found

    def left_files(self, data_digest: str) -> list[Path]:
        """Temporary files of the package, and copies of this data set in memory that no process uses."""
        copies = [path for path in MEMORY.glob(f"sparktune-*/*{data_digest}*") if not is_used(path)]
        return [*(self.folder / "tmp").glob("*sparktune*"), *copies]


def is_used(copy: Path) -> bool:
    """Whether a process, one of another cluster say, uses the copy of data that this file belongs to."""
    users = copy.with_name(f"{copy.name.lstrip('.').partition('.')[0]}.users")
    try:
        with users.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:  # the last of its files to be deleted
        return False
    except BlockingIOError:
        return True
    return False


@contextmanager
def cluster(folder: Path, workers: int = 2, **settings: str) -> Iterator[Cluster]:
    """A cluster whose processes have their temporary files in `folder`; it changes the environment.

    Args:
        folder: an empty one.
        workers: hosts to begin with.
        settings: of Spark, `_` in a name stands for a dot.
    """
    others = {name.replace("_", "."): value for name, value in settings.items()}
    mark, temporary = uuid.uuid4().hex, folder / "tmp"
    temporary.mkdir()
    former = dict(os.environ)
    with start_fork_server():
        os.environ.update(
            {
                MARK: mark,
                "TMPDIR": str(temporary),
                "SPARK_LOCAL_DIRS": str(temporary),
                "PYTHONPATH": str(ROOT),
            }
        )
        try:
            with StandaloneCluster(apart=True) as standalone:
                for _ in range(workers):
                    standalone.add_worker()
                standalone.until_alive(workers)
                made = Cluster(folder, standalone, mark, others)
                try:
                    yield made
                finally:
                    made.close()
        finally:
            os.environ.clear()
            os.environ.update(former)
