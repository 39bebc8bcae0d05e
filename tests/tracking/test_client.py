"""The client of MLflow: a new database is there whole or not at all."""

import subprocess
import sys
import time
from pathlib import Path

from sparktune.tracking.client import connect

CONNECT = "import sys; from sparktune.tracking.client import connect; connect(sys.argv[1])"


def test_a_driver_killed_while_the_tables_are_made_leaves_no_half_of_them(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    uri = f"sqlite:///{database}"
    driver = subprocess.Popen([sys.executable, "-c", CONNECT, uri])
    deadline = time.monotonic() + 60
    while not any(draft.stat().st_size for draft in tmp_path.glob(".mlflow.db.*/mlflow.db")):
        assert driver.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    driver.kill()
    driver.wait()
    assert not database.exists()
    names = [experiment.name for experiment in connect(uri).search_experiments()]
    assert names == ["Default"]
    assert database.exists()
