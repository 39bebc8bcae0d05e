"""Real places to write to: an sqlite store, an MLflow server, a door in front of it, a server that hangs."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.tracking.servers import Door, Server


@pytest.fixture(autouse=True)
def quick_and_local(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy before loopback, no long waits for servers that hang on purpose."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty MLflow database, made once: its migrations take longer than most tests."""
    path = tmp_path_factory.mktemp("store") / "empty.db"
    MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def store(migrated: Path, tmp_path: Path) -> str:
    """The URI of an sqlite store of its own."""
    return f"sqlite:///{shutil.copyfile(migrated, tmp_path / 'mlflow.db')}"


@pytest.fixture
def stores(migrated: Path, tmp_path: Path) -> tuple[str, str]:
    """The URIs of two empty stores whose artefacts lie in the same place."""
    place = tmp_path / "store"
    place.mkdir()
    first, second = (shutil.copyfile(migrated, place / f"{name}.db") for name in "ab")
    return f"sqlite:///{first}", f"sqlite:///{second}"


@pytest.fixture(scope="session")
def server(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The one MLflow server of the tests; tests use different experiments or study ids."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        running = Server(tmp_path_factory.mktemp("server"), migrated)
        running.start()
        yield running
        running.kill()


@pytest.fixture(params=["database", "server"])
def uri(request: pytest.FixtureRequest) -> str:
    """A database, and a server before one."""
    if request.param == "server":
        server: Server = request.getfixturevalue("server")
        return server.uri
    return str(request.getfixturevalue("store"))


@pytest.fixture
def door(server: Server) -> Iterator[Door]:
    opened = Door(server.port)
    yield opened
    opened.close()


@pytest.fixture
def hanging() -> Iterator[str]:
    """The URI of a server that takes connections and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=50)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
