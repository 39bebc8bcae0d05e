"""The tracking URI: which ones are allowed, and whether MLflow can be reached there."""

import base64
import importlib.util
import os
import socket
import sqlite3
import ssl
import time
import urllib.error
import urllib.request
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sparktune.errors import TrackingError
from sparktune.spec import StudySpec

TIMEOUT_S = 3.0
TRIES = 4  # while the server answers with HTTP 5xx
PAUSE_S = 0.3
API = "/api/2.0/mlflow/experiments/search?max_results=1"
DRIVERS = {  # scheme: module of the database driver, and the database's usual port
    "postgresql": ("psycopg2", 5432),
    "mysql": ("MySQLdb", 3306),
    "mssql": ("pyodbc", 1433),
}
OFFLINE = "or run with --offline and `sparktune sync` later"


def check_tracking(spec: StudySpec) -> None:
    """Check that MLflow can be written at `tracking.uri`, within seconds and without importing mlflow.

    Raises:
        TrackingError: names the URI, what is wrong with it and the way out.
    """
    uri = spec.tracking.uri
    scheme = urlsplit(uri).scheme
    dialect, _, driver = scheme.partition("+")
    if _is_databricks(uri):
        return
    if scheme in ("http", "https"):
        _check_server(uri)
    elif dialect == "sqlite":
        _check_file(uri)
    elif dialect in DRIVERS:
        _check_database(uri, dialect, driver)
    elif scheme in ("file", ""):
        raise _error(uri, "is a folder, which MLflow 3 no longer writes", "use sqlite:///mlflow.db")
    else:
        known = "http, https, sqlite, postgresql, mysql, mssql and databricks"
        raise _error(uri, f"has the unknown scheme {scheme!r}", f"known ones are {known}")


def server_version(uri: str) -> str | None:
    """The version of the MLflow server at this address; None where it does not say, or is no server."""
    if urlsplit(uri).scheme not in ("http", "https"):
        return None
    request = urllib.request.Request(uri.rstrip("/") + "/version", headers=_credentials())
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return str(answer.read(100).decode())
    except (OSError, HTTPException, ValueError):
        return None


def is_looked_at(uri: str) -> bool:
    """Whether `check_tracking` finds out if the URI can be written.

    It looks at no workspace of Databricks, and at no database without a host in its URI: its driver finds
    that by a socket of this machine, or by its own settings.
    """
    parts = urlsplit(uri)
    return not _is_databricks(uri) and (parts.scheme.partition("+")[0] not in DRIVERS or bool(parts.hostname))


def is_database(uri: str) -> bool:
    """Whether the URI names a database, which is written directly, without an MLflow server."""
    return urlsplit(uri).scheme.partition("+")[0] in ("sqlite", *DRIVERS)


def sqlite_file(uri: str) -> Path | None:
    """The file of an sqlite URI; None for every other URI."""
    if not uri.startswith("sqlite:///"):
        return None
    return Path(unquote(uri.removeprefix("sqlite:///").partition("?")[0]))


def _is_databricks(uri: str) -> bool:
    return uri == "databricks" or urlsplit(uri).scheme == "databricks"


def _check_file(uri: str) -> None:
    path = sqlite_file(uri)
    way = "write it as sqlite:///mlflow.db, or sqlite:////absolute/path/mlflow.db"
    if path is None or str(path) in (".", ":memory:"):
        raise _error(uri, "names no file", way)
    if not path.absolute().parent.is_dir():
        raise _error(
            uri, f"lies in a folder that does not exist ({path.absolute().parent})", "make the folder"
        )
    if path.is_dir():
        raise _error(uri, "names a folder", way)
    writable = path if path.exists() else path.absolute().parent
    if not os.access(writable, os.W_OK):
        raise _error(uri, f"cannot be written: no permission on {writable}", "choose a file that can")
    if path.exists():
        _check_content(uri, path)


def _check_content(uri: str, path: Path) -> None:
    try:
        with closing(sqlite3.connect(path, timeout=TIMEOUT_S)) as database:
            tables = {
                name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            }
    except sqlite3.Error as error:
        raise _error(uri, f"cannot be read as an sqlite database ({error})", "choose another file") from None
    if tables and "experiments" not in tables:
        raise _error(uri, "holds the tables of something else than MLflow", "choose another file")


def _check_database(uri: str, dialect: str, driver: str) -> None:
    module, port = DRIVERS[dialect]
    module = {"pymysql": "pymysql", "psycopg": "psycopg"}.get(driver, driver or module)
    if importlib.util.find_spec(module) is None:
        raise _error(
            uri, f"needs the Python package {module}, which is not installed", f"pip install {module}"
        )
    parts = urlsplit(uri)
    if parts.hostname is None:
        return
    try:
        socket.create_connection((parts.hostname, parts.port or port), TIMEOUT_S).close()
    except OSError as error:
        raise _error(uri, f"does not answer ({error})", "start the database") from None


def _check_server(uri: str) -> None:
    start = "start the server (`mlflow server --backend-store-uri sqlite:///mlflow.db`)"
    try:
        status = _status(uri, API)
        for _ in range(TRIES - 1):
            if status is not None and status >= 500:
                time.sleep(PAUSE_S)
                status = _status(uri, API)
        if status is None:
            status = _status(uri, "/health")  # needs no database, which may be slow
    except (OSError, HTTPException) as error:
        raise _error(uri, f"does not answer ({getattr(error, 'reason', error)})", start) from None
    if status is None:
        raise _error(uri, f"does not answer within {TIMEOUT_S:g} s", start)
    # With one of these MLflow signs its requests, which this check cannot.
    signed = os.environ.get("MLFLOW_TRACKING_AUTH") or os.environ.get("MLFLOW_TRACKING_AWS_SIGV4")
    if status in (401, 403) and not signed:
        way = "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
        raise _error(uri, f"refuses to let us in (HTTP {status})", way)
    if status not in (200, 401, 403):
        raise _error(uri, f"does not answer as an MLflow server does (HTTP {status})", start)


def _status(uri: str, path: str) -> int | None:
    """The HTTP status of a GET request as MLflow's client would send it; None after a time-out."""
    request = urllib.request.Request(uri.rstrip("/") + path, headers=_credentials())
    tls = ssl.create_default_context(cafile=os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH"))
    if os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("true", "1"):
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=tls) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except TimeoutError:
        return None
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            return None
        raise


def _credentials() -> dict[str, str]:
    """The authorization header from MLflow's environment variables."""
    user, password = os.environ.get("MLFLOW_TRACKING_USERNAME"), os.environ.get("MLFLOW_TRACKING_PASSWORD")
    if user and password:
        return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}


def _error(uri: str, rule: str, way: str) -> TrackingError:
    return TrackingError(f"tracking.uri {uri} {rule}; {way}, {OFFLINE}")
