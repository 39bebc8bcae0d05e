"""What a worker of Spark refuses, in one line."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sparktune.errors import ScoringError

RAISED = re.compile(r"^sparktune\.errors\.\w+Error: (.+)$", re.MULTILINE)


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
