"""An MLflow client that fails soon and says little."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sparktune.tracking.mlflow.address import sqlite_file
from sparktune.tracking.mlflow.database import create_database

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow repeats a request 7 times over minutes, and a create_run whose answer was lost makes a run each time:
# the outbox repeats instead, and looks first. What the user has set counts.
LIMITS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


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


def connect(uri: str) -> "MlflowClient":
    """A client of the server or the database at `uri`; the process's own tracking URI stays as it is."""
    from mlflow import MlflowClient

    for noisy in ("mlflow.store.db.utils", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    database = sqlite_file(uri)
    if database is not None and not database.exists():
        create_database(database)
    return MlflowClient(tracking_uri=uri)
