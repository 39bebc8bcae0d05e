"""A standalone Spark cluster on the loopback, from the pip-installed Spark; for tests only."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

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
    port, page = _free_port(), _free_port()
    url = f"spark://127.0.0.1:{port}"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="standalone-")))
        master = ["master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(page)]
        stack.enter_context(_daemon(master, folder / "master"))
        _until(lambda: _alive(page) >= 0, folder)
        for index in range(workers):
            shape = ["--cores", str(cores), "--memory", memory, "--work-dir", str(folder / f"work{index}")]
            host = f"127.0.0.{index + 1}" if apart else "127.0.0.1"
            worker = ["worker.Worker", "--host", host, "--webui-port", "0", *shape, url]
            stack.enter_context(_daemon(worker, folder / f"worker{index}", options))
        _until(lambda: _alive(page) == workers, folder)
        yield url


@contextmanager
def _daemon(command: list[str], log: Path, options: str = "") -> Iterator[None]:
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
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _alive(page: int) -> int:
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
