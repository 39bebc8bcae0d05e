"""Errors of tasks in one line."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sparktune.errors import ScoringError
from sparktune.scoring.worker_errors import worker_errors_as_raised

TRACE = """
  An exception was thrown from the Python worker. Please see the stack trace below.
Traceback (most recent call last):
  File "number.py", line 94, in encode
    raise place.error(
sparktune.errors.ScoringError: feature column 'age' must have a number in every row

\tat org.apache.spark.api.python.BasePythonRunner
"""


def test_an_error_of_a_task_is_raised_without_the_traces_around_it() -> None:
    said = r"^feature column 'age' must have a number in every row$"
    with pytest.raises(ScoringError, match=said), worker_errors_as_raised():
        raise RuntimeError(TRACE)


def test_what_sql_raises_of_a_column_is_raised_alone() -> None:
    said = "feature column 'age' must have a number in every row"
    trace = f"Lost task 0.0: SparkRuntimeException: [USER_RAISED_EXCEPTION] {said} SQLSTATE: P0001\n\tat org"
    with pytest.raises(ScoringError, match=f"^{said}$"), worker_errors_as_raised():
        raise RuntimeError(trace)
    with pytest.raises(RuntimeError, match="somebody else"), worker_errors_as_raised():
        raise RuntimeError("[USER_RAISED_EXCEPTION] of somebody else SQLSTATE: P0001")


def test_a_file_that_spark_cannot_read_is_named(spark: Any, tmp_path: Path) -> None:
    for name, column in (("a", pa.array([1, 2])), ("b", pa.array([0.5]))):
        pq.write_table(pa.table({"age": column}), tmp_path / f"{name}.parquet")
    message = r"^Spark cannot score the rows or write them: \[FAILED_READ_FILE.*b\.parquet.*age.*$"
    with pytest.raises(ScoringError, match=message), worker_errors_as_raised():
        spark.read.parquet(str(tmp_path)).collect()


def test_other_errors_stay_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="No space left"), worker_errors_as_raised():
        raise RuntimeError("No space left on device")
