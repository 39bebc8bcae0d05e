"""The command that prints a model's SQL function, and creates it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import run
from tests.scoring.test_expression import TASKS, small

CREATED_IN_HIVE = """
import sys
from contextlib import suppress
from pyspark.sql import SparkSession
from sparktune.cli import main

with suppress(SystemExit):
    main(["sql", "stays", "--model", sys.argv[1], "--answer", "raw", "--create"])
SparkSession.getActiveSession().stop()
spark = SparkSession.builder.getOrCreate()
print("answer", spark.sql(f"SELECT stays({', '.join(['0'] * 20)})").first()[0])
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small(*TASKS["binary"], tmp_path_factory.mktemp("model")).path


def test_the_statement_is_printed(capfd, spark, model) -> None:
    code, printed, _ = run(capfd, "sql", "stays", "--model", str(model))
    assert code == 0
    assert printed.startswith("CREATE OR REPLACE FUNCTION stays(`f0` FLOAT, ") and printed.endswith(";\n")
    code, out, _ = run(capfd, "sql", "stays", "--model", str(model), "--answer", "raw", "--json")
    assert (code, json.loads(out)["created"]) == (0, False)
    try:
        spark.sql(json.loads(out)["statement"])
        assert 0 < spark.sql(f"SELECT stays({', '.join(['0'] * 20)})").first()[0] < 1
    finally:
        spark.sql("DROP FUNCTION IF EXISTS stays")


def test_a_function_that_would_be_forgotten_is_not_created(capfd, spark, model) -> None:
    code, out, err = run(capfd, "sql", "passes", "--model", str(model), "--create")
    assert (code, out) == (2, "")
    assert "--create needs a catalog that lasts, but Spark's is in memory" in err
    assert not spark.catalog.functionExists("passes")


def test_a_created_function_outlives_the_session(model, tmp_path) -> None:
    options = {
        "spark.sql.catalogImplementation": "hive",
        "spark.sql.warehouse.dir": tmp_path / "warehouse",
        "spark.hadoop.javax.jdo.option.ConnectionURL": "jdbc:derby:metastore;create=true",
        "spark.ui.enabled": "false",
    }
    given = " ".join(f"--conf {name}={value}" for name, value in options.items())
    done = subprocess.run(
        [sys.executable, "-c", CREATED_IN_HIVE, str(model)],
        env={**os.environ, "PYSPARK_SUBMIT_ARGS": f"--master local[1] {given} pyspark-shell"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    assert "the function stays is in the catalog" in done.stderr
    assert 0 < float(done.stdout.split("answer ")[1]) < 1


def test_a_name_that_sql_does_not_take_is_refused_before_the_model_is_read(capfd) -> None:
    code, _, err = run(capfd, "sql", "select", "--model", "nowhere")
    assert code == 2
    assert "'select' is a word of SQL" in err
