"""A new database is there whole or not at all, and its tables are made once."""

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient

from sparktune.tracking.mlflow.client import connect
from sparktune.tracking.mlflow.database import create_database

CONNECT = "import sys; from sparktune.tracking.mlflow.client import connect; connect(sys.argv[1])"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "sparktune"


def content(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Columns and rows of each table, and the indices; the times at which it was made count as one."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE experiments SET creation_time = 0, last_update_time = 0")
        made = connection.execute("SELECT name, type FROM sqlite_master ORDER BY name").fetchall()
        tables = [name for name, kind in made if kind == "table"]
        columns = {name: [*connection.execute(f"PRAGMA table_info({name})")] for name in tables}
        rows = {f"rows of {name}": [*connection.execute(f"SELECT * FROM {name}")] for name in tables}
    return {"": made, **columns, **rows}


def test_a_driver_killed_while_it_makes_the_tables_leaves_no_half_of_them(
    cache: Path, tmp_path: Path
) -> None:
    database = tmp_path / "mlflow.db"
    uri = f"sqlite:///{database}"
    driver = subprocess.Popen([sys.executable, "-c", CONNECT, uri])
    deadline = time.monotonic() + 60
    while not any(draft.stat().st_size for draft in tmp_path.glob(".mlflow.db.*/mlflow.db")):
        assert driver.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    driver.kill()
    driver.wait()
    assert not database.exists() and not cache.exists()
    names = [experiment.name for experiment in connect(uri).search_experiments()]
    assert names == ["Default"]
    assert database.exists()


def test_the_tables_are_made_once_and_are_those_that_mlflow_makes(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    databases = [tmp_path / f"{name}.db" for name in ("own", "first", "second")]
    MlflowClient(tracking_uri=f"sqlite:///{databases[0]}")
    connect(f"sqlite:///{databases[1]}")
    (kept,) = cache.iterdir()
    assert kept.name.startswith(f"mlflow-{mlflow.__version__}-")
    monkeypatch.setattr("sparktune.tracking.mlflow.database._make", None)
    connect(f"sqlite:///{databases[2]}")
    own, first, second = map(content, databases)
    assert own == first == second


def test_tables_that_another_user_could_have_written_are_not_taken(cache: Path, tmp_path: Path) -> None:
    create_database(tmp_path / "a.db")
    (kept,) = cache.iterdir()
    kept.write_text("DROP TABLE")
    kept.chmod(0o666)
    create_database(tmp_path / "b.db")
    assert content(tmp_path / "a.db") == content(tmp_path / "b.db")


def test_without_a_cache_folder_the_tables_are_made_in_place(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no folder")
    create_database(tmp_path / "a.db")
    assert [e.name for e in connect(f"sqlite:///{tmp_path}/a.db").search_experiments()] == ["Default"]


def test_a_database_that_is_there_stays(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("mine")
    create_database(tmp_path / "a.db")
    assert (tmp_path / "a.db").read_text() == "mine"
