"""An MLflow client with short time-outs and little output, which repeats a request that a server failed."""

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast, final

from sparktune.tracking.mlflow.address import is_database, sqlite_file
from sparktune.tracking.mlflow.database import create_database
from sparktune.tracking.outbox import connection_error

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow repeats every request 7 times over minutes, and a repeated create_run makes another run where only
# the answer was lost. So its own retries are switched off: ServerClient repeats the REPEATABLE requests, and
# the outbox does a whole job again, which first looks for what is there. Values that the user has set stay.
LIMITS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
# Idempotent requests.
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
_contexts: Counter[str] = Counter()  # variables that `limits` has set, each with its contexts now open
_lock = threading.Lock()


@contextmanager
def limits(seconds: int = 10) -> Iterator[None]:
    """Within this context MLflow tries a request once, for `seconds`; variables that are set already stay.

    Contexts of several threads may overlap: the first one's limits hold until the last one ends.
    """
    wanted = {**LIMITS, "MLFLOW_HTTP_REQUEST_TIMEOUT": str(seconds)}
    with _lock:
        ours = [name for name in wanted if name not in os.environ or _contexts[name]]
        _contexts.update(ours)
        for name in ours:
            os.environ.setdefault(name, wanted[name])
    try:
        yield
    finally:
        with _lock:
            _contexts.subtract(ours)
            for name in ours:
                if not _contexts[name]:
                    os.environ.pop(name, None)


def may_pass(error: BaseException | None) -> bool:
    """Whether an error is, or was caused by, a server's HTTP 429 or 5xx: it may succeed the next time."""
    if connection_error(error):  # MLflow reports it as HTTP 500, too
        return False
    while error is not None:
        status = getattr(getattr(error, "response", None), "status_code", 0)
        if code := getattr(error, "get_http_status_code", None):
            status = code()
        if status == 429 or status >= 500:
            return True
        error = error.__cause__ or error.__context__
    return False


def retry(job: Callable[[], T], pause_s: float, again: Callable[[Exception], bool] = lambda error: True) -> T:
    """Do a job up to three times, pausing longer each time; errors for which `again` is false are raised."""
    for number in range(1, TRIES):
        try:
            return job()
        except Exception as error:
            if not again(error):
                raise
        time.sleep(number * pause_s)
    return job()


@final
class ServerClient:
    """MLflow's client; retries the requests in REPEATABLE where the server answers 429 or 5xx."""

    def __init__(self, client: "MlflowClient") -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if name not in REPEATABLE:
            return method
        return lambda *args, **options: retry(partial(method, *args, **options), PAUSE_S, may_pass)


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
