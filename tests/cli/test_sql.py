"""The command that prints a model's SQL function, and creates it."""

import json
from pathlib import Path

import pytest

from tests.cli.command import run
from tests.scoring.test_expression import TASKS, small


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small(*TASKS["binary"], tmp_path_factory.mktemp("model")).path


def test_the_statement_is_printed_and_the_function_created(capfd, spark, model) -> None:
    code, printed, _ = run(capfd, "sql", "stays", "--model", str(model))
    assert code == 0
    assert printed.startswith("CREATE OR REPLACE FUNCTION stays(`f0` FLOAT, ") and printed.endswith(";\n")
    code, out, _ = run(capfd, "sql", "stays", "--model", str(model), "--answer", "raw", "--create", "--json")
    try:
        assert (code, json.loads(out)["created"]) == (0, True)
        assert 0 < spark.sql(f"SELECT stays({', '.join(['0'] * 20)})").first()[0] < 1
    finally:
        spark.sql("DROP FUNCTION IF EXISTS stays")


def test_a_name_that_sql_does_not_take_is_refused_before_the_model_is_read(capfd) -> None:
    code, _, err = run(capfd, "sql", "select", "--model", "nowhere")
    assert code == 2
    assert "'select' is a word of SQL" in err
