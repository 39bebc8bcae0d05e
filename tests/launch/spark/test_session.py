"""The session that sparktune opens itself, in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from sparktune.errors import LaunchError
from sparktune.launch import anything_configures_spark, open_session, spark_is_configured
from sparktune.launch.spark.session import configured_options
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
CONFIGURING = ("SPARK_HOME", "SPARK_CONF_DIR", "SPARK_MASTER", "PYSPARK_SUBMIT_ARGS", "PYSPARK_GATEWAY_PORT")


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


def test_what_is_configured_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SPARK_HOME", "SPARK_CONF_DIR", "PYSPARK_SUBMIT_ARGS", "PYSPARK_GATEWAY_PORT"):
        monkeypatch.delenv(name, raising=False)
    assert configured_options() == set()
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", "--master local[1] --conf spark.driver.memory=700m x")
    assert configured_options() == {"spark.master", "spark.driver.memory"}
    (tmp_path / "spark-defaults.conf").write_text("# mine\nspark.master  yarn\nspark.ui.enabled=false\n")
    monkeypatch.delenv("PYSPARK_SUBMIT_ARGS")
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    assert configured_options() == {"spark.master", "spark.ui.enabled"}


@pytest.mark.parametrize(
    ("variable", "value", "configured"),
    [
        ("SPARK_MASTER", "local[2]", True),
        ("PYSPARK_SUBMIT_ARGS", "--master local[2] pyspark-shell", True),
        ("PYSPARK_SUBMIT_ARGS", "--conf spark.driver.memory=1g pyspark-shell", False),
        ("PYSPARK_GATEWAY_PORT", "4242", True),
        ("SPARK_MASTER", "", False),
    ],
)
def test_spark_is_configured_where_somebody_has_named_a_master(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, configured: bool
) -> None:
    for name in CONFIGURING:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(SparkSession, "getActiveSession", classmethod(lambda cls: None))
    assert not spark_is_configured()
    monkeypatch.setenv(variable, value)
    assert spark_is_configured() is configured


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SPARK_MASTER", "local[2]"),
        ("PYSPARK_SUBMIT_ARGS", "--conf spark.sql.caseSensitive=true pyspark-shell"),
        ("HADOOP_CONF_DIR", "/etc/hadoop"),
        ("YARN_CONF_DIR", "/etc/hadoop"),
    ],
)
def test_any_setting_may_change_what_spark_reads(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    for name in (*CONFIGURING, "HADOOP_CONF_DIR", "YARN_CONF_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(SparkSession, "getActiveSession", classmethod(lambda cls: None))
    assert not anything_configures_spark()
    monkeypatch.setenv(variable, value)
    assert anything_configures_spark()


def test_an_active_session_is_enough(spark: SparkSession) -> None:
    assert spark_is_configured()


def test_a_session_that_is_active_is_used(spark: SparkSession) -> None:
    assert open_session(works.tiny_spec()) is spark


def test_without_java_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    monkeypatch.setattr(SparkSession, "getActiveSession", classmethod(lambda cls: None))
    with pytest.raises(LaunchError, match="JAVA_HOME=/nowhere has no bin/java"):
        open_session()
