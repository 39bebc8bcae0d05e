"""What a task of Spark refuses, and why Spark fails, in one line."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sparktune.errors import ScoringError

IN_PYTHON, IN_SQL = r"^sparktune\.errors\.\w+Error: ", r"\[USER_RAISED_EXCEPTION\] (?=feature column )"
RAISED = re.compile(rf"(?:{IN_PYTHON}|{IN_SQL})(.+?)(?: SQLSTATE: P0001)?$", re.MULTILINE)
CAUSE = re.compile(r"(?:Caused by: |: )(?:[\w$]+\.)+[\w$]+: ([^\n]+)")


@contextmanager
def worker_errors_as_raised() -> Iterator[None]:
    """Within the context an error of sparktune in a task is raised here, without the traces around it.

    Raises:
        ScoringError: a task raised an error of sparktune, or Spark one of its own, which is its cause.
    """
    try:
        yield
    except Exception as error:
        found = RAISED.findall(str(error))
        if found:
            raise ScoringError(found[-1]) from None
        if type(error).__module__.startswith(("py4j.", "pyspark.")):
            raise ScoringError(
                f"Spark cannot score the rows or write them: {cause_in_java(error)}"
            ) from error
        raise


def cause_in_java(error: Exception) -> str:
    """The last cause that Java names in an error, without its stack; else the error's first line.

    Of a Parquet file with another type it is the cause that names the file.
    """
    causes = CAUSE.findall(str(error))
    named = [cause for cause in causes if cause.startswith("[FAILED_READ_FILE.PARQUET")]
    return str([*causes, *named][-1] if causes else str(error).strip().partition("\n")[0])
