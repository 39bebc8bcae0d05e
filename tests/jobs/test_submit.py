"""The jobs by spark-submit, on local[2] and on a standalone master whose executors start with nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pyspark
import pytest
import yaml
from pyarrow import array, table

import sparktune
from tests.launch.quick_java import quick_java
from tests.launch.standalone import standalone_cluster

JOBS = Path(__file__).parents[2] / "jobs"
SUBMIT = Path(pyspark.__file__).parent / "bin" / "spark-submit"


@pytest.fixture(scope="module", params=["local[2]", "standalone"])
def master(request) -> Iterator[str]:
    if request.param != "standalone":
        yield request.param
        return
    with standalone_cluster(workers=2) as url:
        yield url


def submit(master: str, folder: Path, job: str, *arguments: str) -> str:
    """Run a job as a user would; gives what it printed."""
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.driver.extraJavaOptions": quick_java(),
        "spark.executor.extraJavaOptions": quick_java(),
    }
    options = [word for item in settings.items() for word in ("--conf", "=".join(item))]
    command = [str(SUBMIT), "--master", master, *options, str(JOBS / job), *arguments]
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_tune_and_score(master, tmp_path):
    rows = np.random.default_rng(0).normal(size=(200, 2))
    columns = {"id": array(range(200)), "a": array(rows[:, 0]), "b": array(rows[:, 1])}
    label = array(np.where(rows[:, 0] > 0, "up", "down"))
    pq.write_table(table({**columns, "label": label}), tmp_path / "rows.parquet")
    spec = {
        "study": {"name": "submitted"},
        "data": {"source": "parquet", "path": "rows.parquet", "features": ["a", "b"], "label": "label"},
        "search": {"space": {"neurons": [2, 4], "learning_rate": [0.1]}},
        "training": {"epochs": 4, "batch_size": 16},
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(spec))
    assert "2 COMPLETE" in submit(master, tmp_path, "tune.py", "--config", "study.yaml")
    summary = json.loads((tmp_path / "studies/submitted/summary.json").read_text())
    assert summary["states"] == {"COMPLETE": 2}
    assert summary["mlflow"]["run_id"]

    paths = ["--input", str(tmp_path / "rows.parquet"), "--output", str(tmp_path / "scored.parquet")]
    submit(master, tmp_path, "score.py", "--model", summary["bundle"], *paths)
    scored = pq.read_table(tmp_path / "scored.parquet").sort_by("id").to_pydict()
    bundle = sparktune.load(summary["bundle"])
    expected = bundle.predict(rows.astype("float32"))[:, 0]
    np.testing.assert_allclose(scored["probability"], expected, atol=1e-5)
    assert set(scored["prediction"]) <= {"up", "down"}
