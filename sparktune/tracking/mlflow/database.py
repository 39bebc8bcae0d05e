"""A new sqlite database with MLflow's tables, which are made once per machine and copied from then on."""

import hashlib
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path

from sparktune.files import cache_folder, is_private, write_atomically


def create_database(database: Path) -> None:
    """Make a database file with MLflow's empty tables; where another driver is quicker, its file stays.

    MLflow makes the tables by running all its migrations: 0.7 s of CPU, and a file that nobody can use where
    the driver dies meanwhile. So they are made in a temporary file, which is linked into place when complete
    and copied to the user's cache folder, from where the next database is copied.
    """
    with tempfile.TemporaryDirectory(prefix=f".{database.name}.", dir=database.parent) as beside:
        draft = Path(beside) / database.name
        if not _copied(draft):
            _make(draft)
            with suppress(OSError, RuntimeError):
                cache_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
                write_atomically(_template(), draft.read_bytes())
        with suppress(FileExistsError):
            os.link(draft, database)


def _copied(draft: Path) -> bool:
    """Copy the tables from the user's cache folder; whether they were there."""
    with suppress(OSError, RuntimeError):  # RuntimeError: a user without a home
        if is_private(_template()):
            shutil.copyfile(_template(), draft)
            return True
    return False


def _make(draft: Path) -> None:
    """Let MLflow make the tables, without an experiment in them."""
    from mlflow import MlflowClient

    MlflowClient(tracking_uri=f"sqlite:///{draft}")
    with closing(sqlite3.connect(draft)) as connection:
        # The default experiment, whose artefacts would lie in the working directory.
        connection.execute("DELETE FROM experiments")
        connection.commit()


def _template() -> Path:
    """The file in the cache folder; its name has MLflow's version and a hash of its list of migrations."""
    import mlflow

    migrations = (Path(mlflow.__file__).parent / "store" / "db_migrations" / "versions").glob("*.py")
    digest = hashlib.sha256("\n".join(sorted(file.name for file in migrations)).encode()).hexdigest()
    return cache_folder() / f"mlflow-{mlflow.__version__}-{digest[:16]}.db"
