"""What is set up for Spark is found wherever it may be set."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from sparktune.launch import anything_configures_spark, spark_is_configured
from sparktune.launch.spark.configured import configured_options

CONFIGURING = ("SPARK_HOME", "SPARK_CONF_DIR", "SPARK_MASTER", "PYSPARK_SUBMIT_ARGS", "PYSPARK_GATEWAY_PORT")


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
