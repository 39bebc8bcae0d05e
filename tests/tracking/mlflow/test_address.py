"""What a tracking URI may be."""

import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from sparktune.errors import TrackingError
from sparktune.tracking import check_tracking
from sparktune.tracking.mlflow.address import sqlite_file
from tests.tracking.servers import Door, Server, free_port
from tests.tracking.studies import study_spec


def refusal(uri: str) -> str:
    with pytest.raises(TrackingError) as refused:
        check_tracking(study_spec(uri))
    assert str(refused.value).startswith(f"tracking.uri {uri} ")
    assert "--offline" in str(refused.value)
    return str(refused.value)


def test_a_store_that_can_be_written_passes(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_tracking(study_spec(store))
    check_tracking(study_spec(f"sqlite:///{tmp_path}/new.db"))
    monkeypatch.chdir(tmp_path)
    check_tracking(study_spec("sqlite:///mlflow.db"))
    assert not (tmp_path / "new.db").exists()


def test_databricks_passes() -> None:
    check_tracking(study_spec("databricks://profile"))
    check_tracking(study_spec("databricks"))


def test_a_server_that_answers_passes(server: Server) -> None:
    check_tracking(study_spec(server.uri))
    check_tracking(study_spec(server.uri + "/"))


def test_a_server_that_fails_now_and_then_passes(server: Server, door: Door) -> None:
    failures = [True, True, True, False]
    door.fails = lambda request: failures.pop(0)
    check_tracking(study_spec(door.uri))
    assert failures == []
    door.fails = lambda request: True
    assert "does not answer as an MLflow server does (HTTP 500)" in refusal(door.uri)


def test_an_sqlite_file_must_lie_in_a_folder(tmp_path: Path) -> None:
    assert "a folder that does not exist" in refusal(f"sqlite:///{tmp_path}/no/mlflow.db")
    assert "names a folder" in refusal(f"sqlite:///{tmp_path}")
    assert "names no file" in refusal("sqlite:///:memory:")
    assert "names no file" in refusal("sqlite://")


def test_an_sqlite_file_must_be_mlflows(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is no database, but a text that is long enough" * 30)
    assert "cannot be read as an sqlite database" in refusal(f"sqlite:///{tmp_path}/text.db")
    with closing(sqlite3.connect(tmp_path / "shop.db")) as shop:
        shop.execute("CREATE TABLE orders (id)")
    assert "something else than MLflow" in refusal(f"sqlite:///{tmp_path}/shop.db")


@pytest.mark.parametrize("uri", ["file:///tmp/mlruns", "./mlruns", "mlruns"])
def test_a_folder_is_refused_and_sqlite_is_named(uri: str) -> None:
    assert "use sqlite:///mlflow.db" in refusal(uri)


def test_an_unknown_scheme_is_refused_with_the_known_ones() -> None:
    assert "unknown scheme 'ftp'; known ones are http" in refusal("ftp://host/mlflow")


def test_a_database_needs_its_driver() -> None:
    assert "needs the Python package nosuchdriver" in refusal("postgresql+nosuchdriver://host/mlflow")


def test_a_server_that_is_down_is_refused_at_once() -> None:
    started = time.monotonic()
    message = refusal(f"http://127.0.0.1:{free_port()}")
    assert "does not answer (" in message
    assert "mlflow server" in message
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("uri", ["http://", "http://127.0.0.1:port", "https:///path"])
def test_an_address_without_host_or_port_is_refused(uri: str) -> None:
    refusal(uri)


def test_a_server_that_hangs_is_refused_within_seconds(hanging: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sparktune.tracking.mlflow.address.TIMEOUT_S", 0.5)
    started = time.monotonic()
    assert "does not answer within 0.5 s" in refusal(hanging)
    assert time.monotonic() - started < 4


@pytest.fixture
def answers() -> Iterator[HTTPServer]:
    """A web server that answers with the status in the `status` attribute of its handler."""

    class Answer(BaseHTTPRequestHandler):
        status = 404

        def do_GET(self) -> None:
            right = self.headers.get("Authorization") == "Basic YW5uOnNlY3JldA=="
            self.send_response(200 if right else self.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    web = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield web
    web.shutdown()
    web.server_close()


def test_a_server_that_is_not_mlflows_is_refused(answers: HTTPServer) -> None:
    assert "HTTP 404" in refusal(f"http://127.0.0.1:{answers.server_port}")


def test_a_server_that_asks_who_we_are_names_the_variables(
    answers: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers.RequestHandlerClass.status = 401  # type: ignore[attr-defined]
    uri = f"http://127.0.0.1:{answers.server_port}"
    assert "set MLFLOW_TRACKING_USERNAME" in refusal(uri)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ann")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    check_tracking(study_spec(uri))


def test_garbage_instead_of_http_is_refused() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            with suppress(OSError):
                connection, _ = listener.accept()
                connection.sendall(b"SSH-2.0-OpenSSH\r\n")
                connection.close()

        threading.Thread(target=serve, daemon=True).start()
        refusal(f"http://127.0.0.1:{listener.getsockname()[1]}")


def test_sqlite_file_reads_relative_and_absolute_uris() -> None:
    assert sqlite_file("sqlite:///mlflow.db") == Path("mlflow.db")
    assert sqlite_file("sqlite:////data/my%20lab/mlflow.db") == Path("/data/my lab/mlflow.db")
    assert sqlite_file("http://host") is None
