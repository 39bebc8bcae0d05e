"""The Spark task of a launch, where it runs: in a Python worker that Spark also gives to others."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparktune.launch.memory import memory_bound
from sparktune.launch.payload import EncodedResult, StudyPayload
from sparktune.launch.pending import WorkerLost
from sparktune.launch.spark.own_process import NO_GPUS, VISIBLE, run_apart
from sparktune.temporary import HOST, temporary_environment
from sparktune.trial import Segment

if TYPE_CHECKING:
    from pyspark import Broadcast

SEGMENTS = "sparktune.segments"  # the property of a job that holds them, as JSON
Checkpoints = list[bytes | None] | None  # of a job's segments, in their order
Answer = list[EncodedResult] | str  # results of the first segments, or how all were lost


def run_task(
    payload: "Broadcast[StudyPayload]", limit: int, speculation: bool, rows: Iterator[Checkpoints]
) -> Iterator[Answer]:
    """One attempt at the job's segments, in the place of its one row.

    Spark uses a Python worker again whose task has read all its input. One that has outgrown its bound leaves
    the input unread, so that Spark ends it and starts another.

    Args:
        payload: the study.
        limit: bytes of all results together.
        speculation: whether Spark may run a copy of a task that takes long.
        rows: one, the contents of the segments' checkpoints; None where none is sent.
    """
    with environment_restored(), temporary_files_of_spark():
        yield _attempt(payload.value, limit, speculation, next(rows))
    if not memory_bound().is_passed():
        for _ in rows:
            pass


def _attempt(payload: StudyPayload, limit: int, speculation: bool, checkpoints: Checkpoints) -> Answer:
    """Run the segments, numbered on from where the driver stands.

    Several are not tried again by Spark: one of them may have ended the worker, so the driver launches each
    alone. With speculation, though, a later attempt may be a copy of one that still runs. Spark does not say
    which it is; an answer of the copy would end the first, so it trains like the first.
    """
    from pyspark import TaskContext

    context: Any = TaskContext.get()
    gpu = context.resources().get("gpu")
    again = context.attemptNumber()
    segments = [Segment.from_json(text) for text in json.loads(context.getLocalProperty(SEGMENTS))]
    if again and len(segments) > 1 and not speculation:
        return "the worker was lost while it ran several trials"
    contents = checkpoints or [None] * len(segments)
    segments = [
        replace(segment.later(again), checkpoint_bytes=content)
        for segment, content in zip(segments, contents, strict=True)
    ]
    visible = NO_GPUS if gpu is None else ",".join(gpu.addresses)
    os.environ[VISIBLE] = visible
    if gpu is None and not payload.limits.exist:
        return [*payload.run_segments(segments, limit)]
    try:
        return run_apart(visible, payload, segments, limit)
    except WorkerLost as lost:
        return f"the trial's own process was lost: {lost}"


@contextmanager
def environment_restored() -> Iterator[None]:
    """After the context, the environment variables are what they were before."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update({name: value for name, value in before.items() if os.environ.get(name) != value})


@contextmanager
def temporary_files_of_spark() -> Iterator[None]:
    """Meanwhile temporary files lie where Spark removes them, however this worker and its executor end.

    Where the executor is the driver they have the driver's own folder already.
    """
    from pyspark import SparkFiles

    former = tempfile.tempdir
    if HOST not in os.environ:
        os.environ.update(temporary_environment(Path(SparkFiles.getRootDirectory())))
        tempfile.tempdir = None  # is found again, from the environment
    try:
        yield
    finally:
        tempfile.tempdir = former
