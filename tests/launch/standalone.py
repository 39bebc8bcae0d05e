"""A standalone Spark cluster on the loopback, from the pip-installed Spark; for tests only."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import pyspark

from tests.launch.quick_java import quick_java

HOME = Path(pyspark.__file__).parent
START_SECONDS = 60


@contextmanager
def standalone_cluster(
    workers: int = 2, cores: int = 1, memory: str = "1g", options: str = "", apart: bool = False
) -> Iterator[str]:
    """A master and its workers; gives the URL `spark://127.0.0.1:PORT`.

    Args:
        workers: worker processes.
        cores: cores of each.
        memory: memory of each.
        options: Java options of the workers, such as `-Dspark.worker.resource.gpu.amount=1`.
        apart: whether Spark takes each worker for a host of its own.
    """
    with StandaloneCluster(cores, memory, options, apart) as cluster:
        for _ in range(workers):
            cluster.add_worker()
        cluster.until_alive(workers)
        yield cluster.url


class StandaloneCluster:
    """A master, and workers that are added one by one; the arguments are those of `standalone_cluster`.

    Attributes:
        url: `spark://127.0.0.1:PORT`.
        workers: the processes of the workers that were added.
    """

    def __init__(self, cores: int = 1, memory: str = "1g", options: str = "", apart: bool = False) -> None:
        self._shape = ["--cores", str(cores), "--memory", memory]
        self._options, self._apart = options, apart
        self.workers: list[subprocess.Popen[bytes]] = []
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        folder = tempfile.TemporaryDirectory(prefix="standalone-", ignore_cleanup_errors=True)
        self._folder = Path(self._opened.enter_context(folder))
        self._start(["master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0"], "master")
        _until(lambda: len(self._ports()) == 2, self._folder)
        self._page = self._ports()["MasterUI"]
        self.url = f"spark://127.0.0.1:{self._ports()['sparkMaster']}"
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def add_worker(self) -> None:
        """Start one more worker; it is there some seconds later."""
        index = len(self.workers)
        host = f"127.0.0.{index + 1}" if self._apart else "127.0.0.1"
        place = ["--work-dir", str(self.work_folder(index)), "--host", host, "--webui-port", "0"]
        command = ["worker.Worker", *place, *self._shape, self.url]
        self.workers.append(self._start(command, f"worker{index}", self._options))

    def work_folder(self, index: int) -> Path:
        """Where the executors of a worker run: each in a folder of its own below this one."""
        return self._folder / f"work{index}"

    def until_alive(self, workers: int) -> None:
        """Wait until the master knows so many workers."""
        _until(lambda: _alive(self._page) >= workers, self._folder)

    def _ports(self) -> dict[str, str]:
        """The ports that the master has found, by name."""
        log = (self._folder / "master").read_text()
        return dict(re.findall(r"started service '(sparkMaster|MasterUI)' on port (\d+)", log))

    def _start(self, command: list[str], log: str, options: str = "") -> "subprocess.Popen[bytes]":
        return self._opened.enter_context(_daemon(command, self._folder / log, options))


@contextmanager
def _daemon(command: list[str], log: Path, options: str = "") -> Iterator["subprocess.Popen[bytes]"]:
    """One Spark daemon in the foreground of a subprocess; its executors die with it."""
    environment = {
        **os.environ,
        "SPARK_HOME": str(HOME),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_DAEMON_JAVA_OPTS": quick_java(),
        "SPARK_WORKER_OPTS": options,
    }
    name = f"org.apache.spark.deploy.{command[0]}"
    with log.open("w") as output:
        process = subprocess.Popen(
            [HOME / "bin" / "spark-class", name, *command[1:]],
            env=environment,
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _alive(page: str) -> int:
    """Workers that the master knows; -1 while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{page}/json/", timeout=5) as answer:
            return int(json.load(answer)["aliveworkers"])
    except (OSError, ValueError):
        return -1


def _until(condition: object, logs: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition():  # type: ignore[operator]
        if time.monotonic() > deadline:
            told = "\n".join(log.read_text() for log in logs.iterdir() if log.is_file())
            raise TimeoutError(f"no standalone cluster after {START_SECONDS} s:\n{told}")
        time.sleep(0.1)
