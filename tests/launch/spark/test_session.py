"""The session that sparktune opens itself, in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from sparktune.errors import LaunchError
from sparktune.launch import open_session
from tests.launch import works

ROOT = Path(__file__).parents[3]
FACTS = """
import contextlib, json, os, signal, sys
from sparktune.launch import open_session, spark_is_configured
from tests.launch import works
assert "pyspark" not in sys.modules, "importing the launchers must not import Spark"
spark = open_session(works.tiny_spec())
context = spark.sparkContext
conf = context.getConf()
print(json.dumps({
    "master": context.master, "app": context.appName, "host": conf.get("spark.driver.host"),
    "memory": conf.get("spark.driver.memory"), "ui": context.uiWebUrl, "python": context.pythonExec,
    "own": signal.getsignal(signal.SIGINT) is signal.default_int_handler, "again": open_session() is spark,
    "file": context._jvm.java.io.File(sys.argv[1]).exists(), "answer": context.parallelize([20, 22], 1).sum(),
}))
with contextlib.suppress(Exception):
    spark.range(0, 1, 1, 1).selectExpr("raise_error('bad row') AS id").write.parquet(sys.argv[1] + "/failed")
    print("it is written")
spark.stop()
"""


def test_a_session_of_its_own_is_local_quiet_and_leaves_ctrl_c_alone(tmp_path: Path) -> None:
    """Also where the package lies in a folder whose name is no URI, and where the locale is ASCII."""
    folder = tmp_path / "a #%20 学"
    folder.mkdir()
    for name in ("sparktune", "tests"):
        (folder / name).symlink_to(ROOT / name)
    clean = {k: v for k, v in os.environ.items() if k not in ("PYSPARK_PYTHON", "SPARK_LOCAL_IP")}
    clean |= {"PYTHONPATH": str(folder), "LC_ALL": "C"}
    command = [sys.executable, "-c", FACTS, str(folder)]
    told = subprocess.run(command, env=clean, cwd=folder, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stderr
    seen = json.loads(told.stdout)
    assert str(seen["master"]).startswith("local[*,")
    assert (seen["app"], seen["host"], seen["answer"]) == ("sparktune contract", "127.0.0.1", 42)
    assert seen["python"] == sys.executable
    assert str(seen["ui"]).startswith("http://127.0.0.1:")
    assert seen["own"] is True
    assert seen["again"] is True
    assert seen["file"] is True
    assert told.stderr.splitlines() in ([], ["WARNING: Using incubator modules: jdk.incubator.vector"])


def test_a_session_that_is_active_is_used(spark: SparkSession) -> None:
    assert open_session(works.tiny_spec()) is spark


def test_without_java_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    monkeypatch.setattr(SparkSession, "getActiveSession", classmethod(lambda cls: None))
    with pytest.raises(LaunchError, match="JAVA_HOME=/nowhere has no bin/java"):
        open_session()
