"""Errors of tasks in one line."""

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


def test_other_errors_stay_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="No space left"), worker_errors_as_raised():
        raise RuntimeError("No space left on device")
