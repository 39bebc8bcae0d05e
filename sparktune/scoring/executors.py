"""Whether the Python of Spark's workers can score."""

import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from sparktune.bundle import Bundle
from sparktune.bundle.requirements import BASE, engine_modules
from sparktune.errors import ScoringError

WAY_OUT = "set PYSPARK_PYTHON to a Python that has them before the session starts, or spark.pyspark.python"
_CHECKED: set[tuple[str, str, tuple[str, ...]]] = set()


def classic_context(spark: Any) -> Any:
    """The context of a session.

    Raises:
        ScoringError: the session is one of Spark Connect, which has none.
    """
    try:
        return spark.sparkContext
    except AttributeError:
        raise ScoringError(
            f"spark must be a classic SparkSession, but got a {type(spark)}; score over Spark Connect by a "
            "permanent function of the engine sql, which a classic session registers"
        ) from None


def check_executors(spark: Any, bundle: Bundle) -> None:
    """Ask a Spark worker whether it can import what scoring needs: one task, once in a session.

    Nothing is asked where the workers run this very Python on this machine. The task itself needs nothing but
    Spark.

    Raises:
        ScoringError: the workers' Python cannot be started, or lacks a module; or as `classic_context`.
    """
    context = classic_context(spark)
    needed = "sparktune", *BASE, *engine_modules([bundle.manifest.engine])
    asked = context.applicationId, context.pythonExec, needed
    if asked in _CHECKED or (context.master.startswith("local") and _is_this_python(context.pythonExec)):
        return
    try:
        ((python, missing),) = context.parallelize([0], 1).mapPartitions(_import_check(needed)).collect()
    except Exception as error:  # noqa: BLE001 - PySpark's errors and Py4J's have no base in common
        raise ScoringError(
            f"Spark's workers must run Python {sys.version_info[0]}.{sys.version_info[1]}, but "
            f"{context.pythonExec!r} does not start there: {_cause(error)}; {WAY_OUT}"
        ) from None
    if missing:
        raise ScoringError(
            f"Spark's workers must have {', '.join(needed)}, but their Python, {python}, lacks "
            f"{', '.join(missing)}; {WAY_OUT}"
        )
    _CHECKED.add(asked)


def _is_this_python(command: str) -> bool:
    """Whether a command starts this interpreter; links are not followed, as they tell environments apart."""
    found = shutil.which(command)
    return found is not None and Path(found).absolute() == Path(sys.executable).absolute()


def _import_check(needed: tuple[str, ...]) -> Callable[[Iterable[int]], Iterator[tuple[str, list[str]]]]:
    """What the task runs; it is pickled by value, as a worker without this package could not import it."""

    def check(_: Iterable[int]) -> Iterator[tuple[str, list[str]]]:
        import sys
        from importlib.util import find_spec

        yield sys.executable, [name for name in needed if find_spec(name) is None]

    return check


def _cause(error: Exception) -> str:
    """The one line of a failed task that says why."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = [
        line for line in lines if re.search(r"Error: |Exception: error=|\[PYTHON_VERSION_MISMATCH\]", line)
    ]
    return (said or lines or [type(error).__name__])[-1]
