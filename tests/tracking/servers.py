"""An MLflow server on loopback, and a door in front of it that loses replies or gives none."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

FAILURE = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 6\r\nConnection: close\r\n\r\nfailed"
REFUSAL = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy"


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return int(probe.getsockname()[1])


class Server:
    """A real `mlflow server` that can be killed and started again over the same store."""

    def __init__(self, folder: Path, database: Path) -> None:
        self._folder = folder
        self._database = shutil.copyfile(database, folder / "mlflow.db")
        self.port = free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        store = f"sqlite:///{self._database}"
        command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store, "--workers", "1"]
        place = [
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--artifacts-destination",
            str(self._folder),
        ]
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *place],
                stdout=log,
                stderr=log,
                env={**os.environ, **quiet},
                start_new_session=True,
            )
        self._await()

    def _await(self) -> None:
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                urllib.request.urlopen(self.uri + "/health", timeout=5).close()
                return
            time.sleep(0.2)
        raise TimeoutError((self._folder / "server.log").read_text())

    def kill(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


class Door:
    """Stands before a server, one connection a thread; notes each request.

    On demand it drops a reply, holds a request back and never answers it, or answers 500 or 429 itself.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[str] = []
        self.drops: Callable[[str], bool] = lambda request: False
        self.holds: Callable[[str], bool] = lambda request: False
        self.fails: Callable[[str], bool] = lambda request: False
        self.refuses: Callable[[str], bool] = lambda request: False
        self._closed = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._closed.set()
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        """One request and its reply; `Connection: close` on both sides keeps it simple."""
        with suppress(OSError), client, socket.create_connection(("127.0.0.1", self._target)) as server:
            request = _whole_request(client)
            head, _, body = request.partition(b"\r\n\r\n")
            line = head.split(b"\r\n")[0].decode()
            self.requests.append(line)
            if self.fails(line):
                client.sendall(FAILURE)
                return
            if self.refuses(line):
                client.sendall(REFUSAL)
                return
            if self.holds(line):
                self._closed.wait()
                return
            kept = [h for h in head.split(b"\r\n") if not h.lower().startswith(b"connection:")]
            server.sendall(b"\r\n".join([*kept, b"Connection: close"]) + b"\r\n\r\n" + body)
            reply = b"".join(iter(lambda: server.recv(65536), b""))
            if not self.drops(line):
                client.sendall(reply)


def _whole_request(client: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += client.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    while b"transfer-encoding: chunked" in head.lower() and not body.endswith(b"0\r\n\r\n"):
        body += client.recv(65536)
    lengths = [h.split(b":")[1] for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")]
    while len(body) < int(lengths[0] if lengths else 0):
        body += client.recv(65536)
    return head + b"\r\n\r\n" + body
