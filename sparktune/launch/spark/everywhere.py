"""A function run once on each slot of a cluster, and what it answers."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from sparktune.errors import LaunchError
from sparktune.launch.spark.failures import cause_of

if TYPE_CHECKING:
    from pyspark import SparkContext

TAG = "sparktune-everywhere"
P = ParamSpec("P")
Answer = TypeVar("Answer")


def on_each_slot(
    context: "SparkContext", seconds: float, function: Callable[P, Answer], *args: P.args, **kwargs: P.kwargs
) -> list[Answer]:
    """The answers of a function that is sent by value with its module, so that executors need no sparktune.

    A slot that is free again takes another task, so a function that is to run on all should take a moment.

    Args:
        context: decides by `defaultParallelism` how many slots there are.
        seconds: within which all must have answered.
        function: imports nothing of sparktune.

    Raises:
        LaunchError: it cannot run there, or has not ended in time.
    """
    from pyspark import InheritableThread, cloudpickle

    answers: list[Answer] = []
    failures: list[Exception] = []

    def ask() -> None:
        context.addJobTag(TAG)
        tasks = max(1, context.defaultParallelism)
        try:
            rows = context.parallelize(range(tasks), tasks)
            answers.extend(rows.map(lambda _: function(*args, **kwargs)).collect())
        except Exception as error:  # noqa: BLE001 - raised by the thread that waits
            failures.append(error)

    module = sys.modules[function.__module__]
    cloudpickle.register_pickle_by_value(module)
    thread = InheritableThread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    cloudpickle.unregister_pickle_by_value(module)
    if thread.is_alive():
        context.cancelJobsWithTag(TAG)
        raise LaunchError(
            f"no executor has answered within {seconds:g} s; see in Spark's UI whether there are any, and "
            "which of spark.executor.cores, spark.executor.memory, spark.cores.max the cluster cannot grant"
        )
    if failures:
        raise LaunchError(str(cause_of(failures[0])))
    return answers
