"""An MLflow client that fails soon, says little, and asks a server again that failed to answer."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast, final

from sparktune.tracking.mlflow.address import is_database, sqlite_file
from sparktune.tracking.mlflow.database import create_database
from sparktune.tracking.outbox import lost

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow repeats a request 7 times over minutes, and a create_run whose answer was lost makes a run each time.
# Here those are repeated that may be (REPEATABLE); for others the outbox tries again, and looks first.
# What the user has set counts.
LIMITS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
# Done twice, these leave what they leave when done once.
REPEATABLE = {
    "get_experiment_by_name",
    "get_run",
    "log_batch",
    "search_runs",
    "set_tag",
    "set_terminated",
    "update_run",
}
TRIES = 3
PAUSE_S = 0.1
T = TypeVar("T")


@contextmanager
def limits(seconds: int = 10) -> Iterator[None]:
    """MLflow's requests are tried once, for `seconds`, unless the environment says otherwise."""
    wanted = {**LIMITS, "MLFLOW_HTTP_REQUEST_TIMEOUT": str(seconds)}
    ours = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


def may_pass(error: BaseException | None) -> bool:
    """Whether an error, or one that lies behind it, is a server's HTTP 429 or 5xx: it answers, and fails."""
    if lost(error):  # MLflow calls that an internal error, too
        return False
    while error is not None:
        status = getattr(getattr(error, "response", None), "status_code", 0)
        if code := getattr(error, "get_http_status_code", None):
            status = code()
        if status == 429 or status >= 500:
            return True
        error = error.__cause__ or error.__context__
    return False


@final
class ServerClient:
    """MLflow's client, with repeatable requests done up to three times where a server fails to answer."""

    def __init__(self, client: "MlflowClient") -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        return partial(_again, method) if name in REPEATABLE else method


def _again(call: Callable[..., T], *args: Any, **options: Any) -> T:
    for number in range(1, TRIES):
        try:
            return call(*args, **options)
        except Exception as error:
            if not may_pass(error):
                raise
        time.sleep(number * PAUSE_S)
    return call(*args, **options)


def connect(uri: str) -> "MlflowClient":
    """A client of the server or the database at `uri`; the process's own tracking URI stays as it is."""
    from mlflow import MlflowClient

    for noisy in ("mlflow.store.db.utils", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    database = sqlite_file(uri)
    if database is not None and not database.exists():
        create_database(database)
    client = MlflowClient(tracking_uri=uri)
    return client if is_database(uri) else cast(MlflowClient, ServerClient(client))
