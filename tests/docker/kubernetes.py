"""A stand-in for a Kubernetes cluster: it keeps what is created, and its pods are processes here."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

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

Resource = dict[str, Any]
# Spark asks this API for the state of its pods, as it has no watch. A driver's name is the loopback, and
# the template of pods, which Spark mounts into the driver, lies where it was.
ON_THIS_MACHINE = QUICK | {
    "spark.kubernetes.executor.enableApiWatcher": "false",
    "spark.kubernetes.executor.apiPollingInterval": "1s",
    "spark.kubernetes.executor.podTemplateFile": str(DOCKER / "kubernetes" / "executor-pod.yaml"),
    "spark.executor.memory": "1g",
    "spark.dynamicAllocation.maxExecutors": "1",
}
CLUSTER_ONLY = {"spark.driver.port", "spark.driver.blockManager.port"}


class Kubernetes:
    """The resources of a cluster, and the processes of its pods.

    Args:
        folder: for the volumes and the logs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = ""
        self.created: list[Resource] = []
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._places = {**JOBS, "/study": folder / "study", "/workspace": folder / "workspace"}
        for place in (folder / "study", folder / "workspace", folder / "conf"):
            place.mkdir()
        copy_study(self._places)

    def first(self, kind: str, role: str = "") -> Resource:
        """The first resource of a kind; of a pod also with this role."""
        of_kind = [resource for resource in self.created if resource["kind"] == kind]
        return next(r for r in of_kind if not role or r["metadata"]["labels"]["spark-role"] == role)

    def settings(self) -> dict[str, str]:
        """The settings of Spark that the driver is given."""
        maps = [resource["data"] for resource in self.created if resource["kind"] == "ConfigMap"]
        text = next(data["spark.properties"] for data in maps if "spark.properties" in data)
        pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
        return {name: value.replace("\\:", ":") for name, value in pairs}

    def run_driver(self) -> str:
        """Run the driver's container until its end; gives what it printed."""
        pod = self.first("Pod", "driver")
        settings = {name: value for name, value in self.settings().items() if name not in CLUSTER_ONLY}
        own = {"spark.kubernetes.driver.master": self.address}
        write_settings(self.folder / "conf" / "spark.properties", settings | ON_THIS_MACHINE | own)
        assert self.start(pod).wait(240) == 0, self.log(pod)
        return self.log(pod)

    def log(self, pod: Resource) -> str:
        """What a pod has printed."""
        return (self.folder / f"{pod['metadata']['name']}.log").read_text()[-5000:]

    def keep(self, resource: Resource) -> Resource:
        """Keep a resource as the API does; a pod runs at once, an executor's as a process."""
        resource["metadata"] |= {
            "uid": f"uid-{len(self.created)}",
            "creationTimestamp": "2026-01-01T00:00:00Z",
        }
        if resource["kind"] == "Pod":
            resource["status"] = running(resource)
        self.created.append(resource)
        if resource["kind"] == "Pod" and resource["metadata"]["labels"]["spark-role"] == "executor":
            self.start(resource)
        return resource

    def start(self, pod: Resource) -> "subprocess.Popen[bytes]":
        """Start the command of a pod's container by the image's entrypoint."""
        (container,) = pod["spec"]["containers"]
        name = pod["metadata"]["name"]
        places = {**self._places, "/opt/spark/conf": self.folder / "conf"}
        given = {own["name"]: own.get("value") or field(pod, own["valueFrom"]) for own in container["env"]}
        local = {"SPARK_CONF_DIR": str(self.folder / "conf"), "SPARK_LOCAL_DIRS": str(self.folder)}
        with (self.folder / f"{name}.log").open("w") as log:
            self.processes[name] = subprocess.Popen(
                entrypoint(*(moved(word, places) for word in container["args"])),
                env=image_environment(self.folder) | given | local,
                cwd=self.folder / "workspace",
                stdout=log,
                stderr=log,
            )
        return self.processes[name]


def field(pod: Resource, source: Resource) -> str:
    """What a variable takes from its pod: the address, else the name."""
    of_address = source["fieldRef"]["fieldPath"] == "status.podIP"
    return "127.0.0.1" if of_address else str(pod["metadata"]["name"])


def running(pod: Resource) -> Resource:
    """The state of a pod whose container runs."""
    (container,) = pod["spec"]["containers"]
    started = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    state = {
        "name": container["name"],
        "ready": True,
        "restartCount": 0,
        "image": "",
        "imageID": "",
        "state": started,
    }
    ready = {"type": "Ready", "status": "True"}
    return {"phase": "Running", "podIP": "127.0.0.1", "conditions": [ready], "containerStatuses": [state]}


class Server(ThreadingHTTPServer):
    """The API of one cluster, on a free port of the loopback."""

    daemon_threads = True

    def __init__(self, cluster: Kubernetes) -> None:
        super().__init__(("127.0.0.1", 0), Api)
        self.cluster = cluster


class Api(BaseHTTPRequestHandler):
    """What Spark asks of the API: to list, to read by name, to create, to delete."""

    server: "Server"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        name = address.path.rpartition("/")[2]
        if name in ("pods", "persistentvolumeclaims"):
            self._answer(200, self._listed(name, parse_qs(address.query)))
            return
        found = [resource for resource in self.server.cluster.created if resource["metadata"]["name"] == name]
        self._answer(200, found[0]) if found else self._answer(404, status("Failure"))

    def _listed(self, name: str, query: dict[str, list[str]]) -> Resource:
        selected = dict(re.findall(r"([\w-]+)=([\w-]+)", query.get("labelSelector", [""])[0])).items()
        pods = [
            resource
            for resource in self.server.cluster.created
            if resource["kind"] == "Pod" and name == "pods"
        ]
        items = [pod for pod in pods if selected <= pod["metadata"]["labels"].items()]
        kind = "PodList" if name == "pods" else "PersistentVolumeClaimList"
        return {"kind": kind, "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items}

    def _create(self) -> None:
        self._answer(201, self.server.cluster.keep(json.loads(self._body())))

    do_POST = do_PUT = do_PATCH = _create

    def do_DELETE(self) -> None:
        self._body()
        self._answer(200, status("Success"))

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, code: int, document: Resource) -> None:
        content = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing."""


@contextmanager
def kubernetes(folder: Path) -> Iterator[Kubernetes]:
    """A cluster whose API listens on the loopback; its processes end with the context."""
    cluster = Kubernetes(folder)

    server = Server(cluster)
    cluster.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield cluster
    finally:
        for process in cluster.processes.values():
            end(process)
        server.shutdown()
        server.server_close()
        thread.join()


def status(text: str) -> Resource:
    """The API's answer where it has no resource to give."""
    return {"kind": "Status", "apiVersion": "v1", "status": text}
