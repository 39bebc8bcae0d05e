"""What a task of Spark refuses, in one line."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sparktune.errors import ScoringError

IN_PYTHON, IN_SQL = r"^sparktune\.errors\.\w+Error: ", r"\[USER_RAISED_EXCEPTION\] (?=feature column )"
RAISED = re.compile(rf"(?:{IN_PYTHON}|{IN_SQL})(.+?)(?: SQLSTATE: P0001)?$", re.MULTILINE)


@contextmanager
def worker_errors_as_raised() -> Iterator[None]:
    """Within the context an error of sparktune in a task is raised here, without the traces around it.

    Raises:
        ScoringError: a task raised an error of sparktune. Spark's own ones stay as they are.
    """
    try:
        yield
    except Exception as error:
        found = RAISED.findall(str(error))
        if not found:
            raise
        raise ScoringError(found[-1]) from None
