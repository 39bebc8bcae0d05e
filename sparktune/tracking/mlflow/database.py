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
    """Put MLflow's empty tables in place; where another driver is quicker, its file stays.

    MLflow makes them by all of its migrations, in 0.7 s of CPU, and where a driver dies meanwhile no later
    one could go on with them. So they appear whole, and come from the user's cache folder, or are kept there.
    """
    with tempfile.TemporaryDirectory(prefix=f".{database.name}.", dir=database.parent) as beside:
        draft = Path(beside) / database.name
        if not _copied(draft):
            _make(draft)
            _keep(draft)
        with suppress(FileExistsError):
            os.link(draft, database)


def _copied(draft: Path) -> bool:
    """Whether the cache folder had the tables."""
    with suppress(OSError, RuntimeError):  # RuntimeError: a user without a home
        if is_private(_template()):
            shutil.copyfile(_template(), draft)
            return True
    return False


def _make(draft: Path) -> None:
    from mlflow import MlflowClient

    MlflowClient(tracking_uri=f"sqlite:///{draft}")
    with closing(sqlite3.connect(draft)) as connection:
        # MLflow has made its default one for the working directory.
        connection.execute("DELETE FROM experiments")
        connection.commit()


def _keep(draft: Path) -> None:
    with suppress(OSError, RuntimeError):
        cache_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(_template(), draft.read_bytes())


def _template() -> Path:
    """The file in the cache folder; its name tells the version and the migrations."""
    import mlflow

    migrations = (Path(mlflow.__file__).parent / "store" / "db_migrations" / "versions").glob("*.py")
    digest = hashlib.sha256("\n".join(sorted(file.name for file in migrations)).encode()).hexdigest()
    return cache_folder() / f"mlflow-{mlflow.__version__}-{digest[:16]}.db"
