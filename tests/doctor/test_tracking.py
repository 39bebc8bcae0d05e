"""Whether MLflow can be reached."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from sparktune.doctor.case import Case
from sparktune.doctor.tracking import check_mlflow
from sparktune.errors import TrackingError
from sparktune.finding import Level
from sparktune.spec import StudySpec


class OldServer(BaseHTTPRequestHandler):
    """Answers as a server of MLflow 2 does to the two requests that are made."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"2.9.0" if self.path == "/version" else b"{}")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def old_server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), OldServer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def case_of(uri: str, offline: bool = False) -> Case:
    return Case(StudySpec(resources={"launcher": "local"}, tracking={"uri": uri}), offline)


def test_versions_of_client_and_server_are_compared(old_server: str) -> None:
    there, other = check_mlflow(case_of(old_server))
    assert there.text.endswith(", server 2.9.0")
    assert other.level is Level.WARNING
    assert "upgrade the older one" in other.text


def test_a_file_has_no_server(tmp_path) -> None:
    (found,) = check_mlflow(case_of(f"sqlite:///{tmp_path}/mlflow.db"))
    assert ", server" not in found.text


@pytest.mark.parametrize("uri", ["databricks", "databricks://profile", "postgresql:///db"])
def test_what_is_not_looked_at_is_not_called_reachable(uri: str) -> None:
    (found,) = check_mlflow(case_of(uri))
    assert found.text.startswith(f"{uri}: not checked, client 3.")


def test_what_cannot_be_reached_is_an_error_unless_offline() -> None:
    with pytest.raises(TrackingError, match="does not answer"):
        [*check_mlflow(case_of("http://127.0.0.1:9"))]
    assert [*check_mlflow(case_of("http://127.0.0.1:9", offline=True))] == []
