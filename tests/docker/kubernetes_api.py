"""A stand-in for the API of a Kubernetes cluster: it takes what spark-submit creates, and keeps it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@contextmanager
def kubernetes_api() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The server's address, and the resources that were created, in their order."""
    created: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self, status: int, document: dict[str, Any]) -> None:
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            self._answer(404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404})

        def _create(self) -> None:
            resource = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            resource["metadata"]["uid"] = f"uid-{len(created)}"
            created.append(resource)
            self._answer(201, resource)

        do_POST = do_PUT = do_PATCH = _create

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", created
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
