"""The jobs by spark-submit, on a standalone master whose executors start with nothing, and interrupted."""

import json
import os
import signal
import time
from collections.abc import Iterator

import numpy as np
import pyarrow.parquet as pq
import pyspark
import pytest
import yaml
from pyarrow import array, table

import sparktune
from tests.jobs.submit import started, submit
from tests.launch.standalone import standalone_cluster


@pytest.fixture(scope="module")
def master() -> Iterator[str]:
    """Made ahead of `fork_server`, which only the drivers find."""
    with standalone_cluster(workers=1, cores=2) as url:
        yield url


def test_tune_and_score(master, fork_server, tmp_path):
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
    printed = submit(master, tmp_path, "score.py", "--model", summary["bundle"], *paths, "--json")
    assert json.loads(printed)["rows"] == 200  # and nothing else, though Java sends both streams there
    scored = pq.read_table(tmp_path / "scored.parquet").sort_by("id").to_pydict()
    bundle = sparktune.load(summary["bundle"])
    expected = bundle.predict(rows.astype("float32"))[:, 0]
    np.testing.assert_allclose(scored["probability"], expected, atol=1e-5)
    assert set(scored["prediction"]) <= {"up", "down"}


def test_doctor_looks_at_the_cluster_that_it_was_submitted_to(master, fork_server, tmp_path):
    options = ("--offline", "--json", "--set", "resources.preload=false")
    found = json.loads(submit(master, tmp_path, "doctor.py", *options))["findings"]
    texts = {finding["check"]: finding["text"] for finding in found}
    assert texts["spark"].endswith(f"master {master}")
    assert f"pyspark {pyspark.__version__}" in texts["executors"]
    assert texts["slots"].startswith("2 trials at once by Spark")


SCRIPT = """
import keras
import numpy as np

import sparktune

RATES = {"tanh": 0.1}


@keras.saving.register_keras_serializable("script")
class Doubled(keras.layers.Layer):
    def call(self, inputs):
        return 2 * inputs


def build(params, input_shape, outputs):
    hidden = keras.layers.Dense(params["units"], activation=next(iter(RATES)))
    last = keras.layers.Dense(outputs, activation="sigmoid")
    return keras.Sequential([keras.Input(input_shape), hidden, Doubled(), last])


if __name__ == "__main__":
    x = np.random.default_rng(0).normal(size=(80, 2)).astype("float32")
    study = {
        "study": {"name": "script"},
        "model": {"builder": "build"},
        "search": {"space": {"units": [2, 3]}},
        "training": {"epochs": 1},
        "resources": {"launcher": "spark"},
    }
    print(sparktune.tune(study, data=(x, (x[:, 0] > 0).astype(int)), offline=True).outcome.states)
"""


def test_a_script_sends_a_builder_of_its_own(master, fork_server, tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    assert "{'COMPLETE': 2}" in submit(master, tmp_path, str(tmp_path / "script.py"))
    source = (tmp_path / "studies/script/builder.py").read_text()
    assert "RATES = {'tanh': 0.1}" in source and "def build" in source
    bundle = sparktune.load(tmp_path / "studies/script/bundle")
    assert bundle.lineage.source == source
    rows = np.ones((3, 2), "float32")
    assert bundle.predict(rows).shape == (3, 1)  # though this process does not know the layer


def test_ctrl_c_in_a_terminal_writes_the_outcome(fork_server, tmp_path):
    """The JVM of spark-submit hears it as well, and may end before the driver does."""
    spec = {
        "study": {"name": "stopped"},
        "data": {"source": "digits"},
        "search": {"space": {"neurons": [2, 4], "learning_rate": [0.1, 0.2, 0.3]}},
        "training": {"epochs": 30, "batch_size": 2},
        "resources": {"parallelism": 1},
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(spec))
    folder = tmp_path / "studies/stopped"
    job = started("local[1]", tmp_path, "tune.py", "--config", "study.yaml", "--offline")
    ledger = folder / "ledger.jsonl"
    until(lambda: ledger.exists() and '"COMPLETE"' in ledger.read_text(), job)
    os.killpg(job.pid, signal.SIGINT)
    printed, errors = job.communicate(timeout=60)
    assert job.returncode == 130, printed + errors
    assert "same command again to resume" in printed + errors
    until((folder / "summary.json").exists)
    assert json.loads((folder / "summary.json").read_text())["stopped"] == "interrupt"
    assert "COMPLETE" in (folder / "trials.csv").read_text()


def until(condition, job=None):
    deadline = time.monotonic() + 120
    while not condition():
        assert job is None or job.poll() is None, job.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
