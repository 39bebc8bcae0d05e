"""The services of docker/compose.yaml as processes of this machine, by the commands of that file."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.docker.containers import (
    DOCKER,
    JOBS,
    QUICK,
    copy_study,
    end,
    entrypoint,
    image_environment,
    moved,
    write_settings,
)
from tests.launch.quick_java import quick_java

FILE = DOCKER / "compose.yaml"
PASSWORD = "a password of the tests alone"
VARIABLES = {"POSTGRES_PASSWORD": PASSWORD, "WORKER_MEMORY": "1g", "MLFLOW_WORKERS": "1"}
UNPRIVILEGED = "nobody"  # Postgres does not run as root
START_SECONDS = 90


def interpolated(text: str, variables: dict[str, str]) -> str:
    """Compose's variables: `${NAME:-default}`, `${NAME:?message}` and `$$`."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        name, how, rest = found["name"], found["how"], found["rest"]
        given = variables.get(name) or (rest if how == ":-" else None)
        if given is None:
            raise ValueError(f"{name}: {rest}")
        return given

    return re.sub(r"\$\$|\$\{(?P<name>\w+)(?P<how>:[-?])(?P<rest>[^}]*)\}", value, text)


def services(variables: dict[str, str]) -> dict[str, Any]:
    """The services of the file, with its variables set."""
    return dict(yaml.safe_load(interpolated(FILE.read_text(encoding="utf-8"), variables))["services"])


class Composition:
    """Processes in the place of containers: a name is the loopback, a volume is a folder, a port a free one.

    Args:
        folder: for the volumes and the logs.
        stack: ends the processes.
    """

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack = folder, stack
        self._services = services(VARIABLES)
        self.ports = {port: free_port() for port in ("7077", "8080", "8081", "5432", "5000", "5001")}
        volumes = {name: folder / name for name in ("study", "workspace", "artifacts", "secrets", "spark")}
        for path in volumes.values():
            path.mkdir()
        (volumes["secrets"] / "postgres_password").write_text(PASSWORD)
        self._places = {
            **JOBS,
            "/run/secrets": volumes["secrets"],
            "/tmp/spark": volumes["spark"],
            **{f"/{name}": volumes[name] for name in ("study", "workspace", "artifacts")},
        }
        copy_study(self._places)
        write_settings(folder / "conf" / "spark-defaults.conf", QUICK)

    def start(self, *names: str) -> None:
        """Start services whose dependencies are healthy, and wait until they are healthy themselves."""
        processes = {name: self._started(name) for name in names}
        deadline = time.monotonic() + START_SECONDS
        for name, process in processes.items():
            check = [self._here(word) for word in self._services[name]["healthcheck"]["test"][1:]]
            while subprocess.run(check, env=self._environment(name), capture_output=True).returncode:
                assert process.poll() is None and time.monotonic() < deadline, self.log(name)
                time.sleep(0.3)

    def _started(self, service: str) -> "subprocess.Popen[bytes]":
        place = self.folder / "workspace" if "build" in self._services[service] else "/"
        with (self.folder / f"{service}.log").open("w") as log:
            process = subprocess.Popen(
                self._command(service), env=self._environment(service), cwd=place, stdout=log, stderr=log
            )
        self._stack.callback(end, process)
        return process

    def run(self, service: str) -> str:
        """Run a job until its end; gives what it printed."""
        done = subprocess.run(
            self._command(service),
            env=self._environment(service),
            cwd=self.folder / "workspace",
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-5000:]
        return done.stdout + done.stderr

    def log(self, service: str) -> str:
        """What a service has printed."""
        return (self.folder / f"{service}.log").read_text()[-5000:]

    def _command(self, service: str) -> list[str]:
        """The service's command; its image's entrypoint runs it, as it would in a container."""
        command = [self._here(word) for word in self._services[service]["command"]]
        if "build" in self._services[service]:
            return entrypoint(*command)
        return self._postgres(command)

    def _here(self, text: str) -> str:
        """Names of hosts, ports and folders of containers as those of this machine."""
        text = re.sub(r"((?<=//)|(?<=@))(spark-master|postgres|mlflow)(?=:\d)", "127.0.0.1", text)
        text = "127.0.0.1" if text in ("spark-master", "0.0.0.0") else text
        text = re.sub(rf"\b({'|'.join(self.ports)})\b", lambda found: self.ports[found[0]], text)
        return moved(text, self._places)

    def _environment(self, service: str) -> dict[str, str]:
        """What the image sets, and the service's own."""
        own = self._services[service].get("environment", {})
        return {
            **image_environment(self.folder, postgres_folder()),
            "SPARK_DAEMON_JAVA_OPTS": quick_java(),
            "PGPORT": self.ports["5432"],
            **{name: self._here(str(value)) for name, value in own.items()},
        }

    def _postgres(self, command: list[str]) -> list[str]:
        """What the image of Postgres does before the command: it makes the user and the database."""
        own = self._services["postgres"]["environment"]
        data = Path(self._stack.enter_context(unprivileged_folder()))
        password = data / "password"
        password.write_text(Path(self._here(own["POSTGRES_PASSWORD_FILE"])).read_text())
        password.chmod(0o644)
        tool = [*unprivileged(), str(postgres_folder() / "initdb"), "--auth", "scram-sha-256", "--no-sync"]
        user = ["--username", own["POSTGRES_USER"], "--pwfile", str(password), "--pgdata", str(data / "data")]
        subprocess.run([*tool, *user], check=True, capture_output=True, cwd="/", timeout=60)
        single = [*unprivileged(), str(postgres_folder() / "postgres"), "--single", "-D", str(data / "data")]
        create = f'CREATE DATABASE "{own["POSTGRES_DB"]}"\n'
        subprocess.run(
            [*single, "postgres"], input=create, text=True, check=True, capture_output=True, timeout=60
        )
        address = ["-D", str(data / "data"), "-h", "127.0.0.1", "-p", self.ports["5432"], "-k", str(data)]
        return [*unprivileged(), *command, *address, "-c", "fsync=off"]


@contextmanager
def unprivileged_folder() -> Iterator[str]:
    """A folder that UNPRIVILEGED owns where this is root; pytest's own folders are closed to others."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, UNPRIVILEGED)
        yield folder


def unprivileged() -> list[str]:
    """What lets a command run as UNPRIVILEGED where this is root."""
    if os.geteuid():
        return []
    return ["setpriv", f"--reuid={UNPRIVILEGED}", "--clear-groups"]


def postgres_folder() -> Path:
    """The folder of Postgres' programs; Debian keeps them off the PATH. Nowhere where there are none."""
    found = shutil.which("postgres")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return Path(found).resolve().parent if found else debian[-1] if debian else Path("/nowhere")


def free_port() -> str:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])
