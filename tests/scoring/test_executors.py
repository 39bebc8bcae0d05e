"""Workers that run another Python are named before a table is scored with them."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.errors import PySparkAttributeError
from pyspark.sql.types import FloatType, StructField, StructType

from sparktune.bundle import Bundle
from sparktune.errors import ScoringError
from sparktune.scoring import executors, register, score
from sparktune.scoring.answers import check_session

SESSION = """
import sys
from pyspark.sql import SparkSession
import sparktune
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
spark.sparkContext.setLogLevel("OFF")
spark.range(3).createOrReplaceTempView("t")
for ask in (
    lambda: sparktune.register(spark, sys.argv[1], "predict"),
    lambda: sparktune.score(spark, sys.argv[1], "t", sys.argv[2]),
):
    try:
        ask()
    except sparktune.SparktuneError as error:
        print("refused", type(error).__name__, str(error).count("\\n"), error)
"""


def test_a_bare_python_is_refused_in_one_line(bundles: dict[str, Bundle], tmp_path: Path) -> None:
    bare = tmp_path / "bare-python"
    bare.write_text(f'#!/bin/sh\nunset PYTHONHOME VIRTUAL_ENV\nexec {sys.base_prefix}/bin/python3 -S "$@"\n')
    bare.chmod(0o755)
    (tmp_path / "session.py").write_text(SESSION.replace('"t", sys', "sys.argv[3], sys"))
    import pandas as pd

    pd.DataFrame({f"f{i}": [0.5] for i in range(20)}).to_parquet(tmp_path / "rows.parquet")
    command = [sys.executable, str(tmp_path / "session.py"), str(bundles["binary"].path)]
    command += [str(tmp_path / "scored"), str(tmp_path / "rows.parquet")]
    environment = {**os.environ, "PYSPARK_PYTHON": str(bare), "PYSPARK_DRIVER_PYTHON": sys.executable}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=400)
    refused = [line for line in done.stdout.splitlines() if line.startswith("refused ScoringError 0 ")]
    assert len(refused) == 2, done.stdout + done.stderr[-3000:]
    for line in refused:
        assert "lacks" in line
        assert "pyarrow" in line
        assert "set PYSPARK_PYTHON to a Python that has them" in line
    assert "Traceback" not in done.stdout
    assert not (tmp_path / "scored").exists()


class Local:
    """A session's context whose workers would run `python`; it starts no job."""

    applicationId, master = "app", "local[2]"

    def __init__(self, python: str) -> None:
        self.pythonExec = python
        self.sparkContext = self

    def parallelize(self, *_: Any) -> Any:
        raise RuntimeError('\tat java\nCannot run program "python9": Exception: error=2, No such file\n\tat')


class Connected:
    """A session of Spark Connect as far as it needs no server."""

    def __getattr__(self, name: str) -> Any:
        raise PySparkAttributeError(
            errorClass="JVM_ATTRIBUTE_NOT_SUPPORTED", messageParameters={"attr_name": name}
        )


@pytest.mark.parametrize("engine", ["numpy", "sql"])
def test_spark_connect_is_refused_in_one_line(
    bundles: dict[str, Bundle], tmp_path: Path, engine: str
) -> None:
    spark, bundle = Connected(), bundles["binary"].with_engine(engine)
    names = [feature.name for feature in bundle.schema.features]
    schema = StructType([StructField(name, FloatType()) for name in names])
    frame = SimpleNamespace(sparkSession=spark, schema=schema)
    for ask in (
        lambda: register(spark, bundle, "predict"),
        lambda: score(spark, bundle, tmp_path / "rows.parquet", tmp_path / "scored"),
        lambda: check_session(bundle, frame, names),  # as SparktuneModel.transform does
    ):
        with pytest.raises(ScoringError, match=r"must be a classic SparkSession, .*Connected.*; score"):
            ask()


def test_this_very_python_is_not_asked(bundles: dict[str, Bundle]) -> None:
    executors.check_executors(Local(sys.executable), bundles["binary"])


def test_a_python_that_does_not_start_is_refused_in_one_line(bundles: dict[str, Bundle]) -> None:
    with pytest.raises(ScoringError, match=r"'python9' does not start there: .*No such file; set") as refused:
        executors.check_executors(Local("python9"), bundles["binary"])
    assert "\n" not in str(refused.value)


def test_the_workers_are_asked_once(spark: Any, bundles: dict[str, Bundle], monkeypatch: Any) -> None:
    monkeypatch.setattr(executors, "_is_this_python", lambda command: False)
    monkeypatch.setattr(executors, "_CHECKED", set())
    base = ("sparktune", "numpy", "pandas", "pyarrow", "pydantic", "yaml")
    for engine, more in (("keras", ("keras", "tensorflow")), ("numpy", ())):
        executors.check_executors(spark, bundles["binary"].with_engine(engine))
        assert (spark.sparkContext.applicationId, spark.sparkContext.pythonExec, (*base, *more)) in (
            executors._CHECKED
        )
    assert len(executors._CHECKED) == 2
    spark.sparkContext.setJobGroup("asked", "nothing more is asked")
    executors.check_executors(spark, bundles["binary"])
    assert list(spark.sparkContext.statusTracker().getJobIdsForGroup("asked")) == []
    spark.sparkContext.setLocalProperty("spark.jobGroup.id", None)
