"""Trials on a Spark cluster: one job with one task per launch, submitted from a driver thread."""

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, final

from sparktune.data.host import SharedData
from sparktune.errors import LaunchError
from sparktune.launch.base import Launcher
from sparktune.launch.payload import (
    EncodedResult,
    StudyPayload,
    Work,
    decode_result,
    default_work,
    encode_result,
    with_checkpoints,
)
from sparktune.launch.pending import PendingSegments, WorkerLost, run_pending
from sparktune.launch.spark.cluster import Cluster
from sparktune.launch.spark.failures import cause_of, ends_of_attempts, gone
from sparktune.launch.spark.job_threads import JobThreads
from sparktune.launch.spark.settings import SparkSettings, check_settings
from sparktune.launch.spark.task import SEGMENTS, Answer, run_task
from sparktune.spec import StudySpec
from sparktune.spec.places import with_absolute_places
from sparktune.trial import Segment, Trial, TrialNotes, TrialResult

if TYPE_CHECKING:
    from pyspark import RDD, Broadcast, SparkContext
    from pyspark.sql import SparkSession

TAGS = "spark.job.tags"


@final
class SparkLauncher(Launcher):
    """Runs each launch, of one segment or several, as a Spark job: Spark places it and grants cores and GPUs.

    The spec and the work are broadcast once; the data reach each executor once, as a file that all its
    workers map. A job carries one tag per study and one per trial, so that cancelling touches no other job of
    the context. Spark runs a trial again whose worker was lost; where it does not (`local[N]`), it is
    launched again, up to 3 attempts in all. Segments that shared a job then go on alone.

    Args:
        spark: a classic session (not Spark Connect), with pinned threads, as is the default.
        work: what trains a segment; `run_segment` by default.

    Raises:
        LaunchError: the session is one of Spark Connect.
    """

    def __init__(self, spark: "SparkSession", work: Work | None = None) -> None:
        self._context = _classic_context(spark)
        self._work = work
        self._pending = PendingSegments()
        self._threads = JobThreads()
        self._started: _Started | None = None

    def start(self, spec: StudySpec, shared: SharedData) -> None:
        check_settings(SparkSettings.of(self._context), spec)
        cluster = Cluster(self._context, spec.resources)
        document = with_absolute_places(spec).model_dump_json()
        payload = StudyPayload(document, shared.key, _pickled(self._work or default_work()))
        if not cluster.local:
            self._context.addFile(str(shared.path))
        broadcast = self._context.broadcast(payload)
        run = partial(run_task, broadcast, cluster.result_limit(), cluster.speculation)
        task = cluster.source.mapPartitions(run)
        task.id()  # makes the JVM's part of it now, for all jobs
        tag = f"sparktune/{spec.study.name}/{uuid.uuid4().hex[:8]}"
        tags = (*self._context.getJobTags(), tag)
        largest = spec.output.checkpoint_limit
        self._started = _Started(cluster, broadcast, run, task, tag, tags, largest)

    def slots(self) -> int:
        return self._study.cluster.slots()

    def max_in_flight(self) -> int:
        return self._study.cluster.max_in_flight()

    def launch(self, segments: Sequence[Segment]) -> "list[Future[TrialResult]]":
        pending = self._pending.add(segments)
        try:
            self._threads.do(partial(run_pending, pending, self._run))
        except Exception as error:  # noqa: BLE001 - a thread asks the JVM, which may be gone in many ways
            for entry in pending:
                entry.future.set_exception(gone(error))
        return [entry.future for entry in pending]

    def cancel(self) -> None:
        self._pending.cancel(self._cancel_jobs)

    def close(self) -> None:
        if not self._pending.close():
            return
        self._threads.dismiss()
        if self._started and self._started.cluster.alive():
            self._started.payload.destroy()

    @property
    def _study(self) -> "_Started":
        if self._started is None:
            raise LaunchError("the launcher must be started before it is used; call start first")
        return self._started

    def _cancel_jobs(self) -> None:
        try:
            self._context.cancelJobsWithTag(self._study.tag)
        except Exception:  # noqa: BLE001 - a dead JVM has no jobs left; the segments' own threads report it
            return

    def _run(self, segments: Sequence[Segment]) -> list[EncodedResult]:
        """One job, waited for in this thread.

        What it runs is a property of the job: as a part of the function it would cost a new one each time.
        Checkpoints, which may be large, are the data of its task.
        """
        study = self._study
        checkpoints = [s.checkpoint_bytes for s in with_checkpoints(segments, study.largest)]
        try:
            tags = [*study.tags, *(f"{study.tag}/{segment.trial.number}" for segment in segments)]
            self._context.setLocalProperty(TAGS, ",".join(tags))
            self._context.setLocalProperty(SEGMENTS, json.dumps([segment.to_json() for segment in segments]))
            self._context.setJobDescription(_title([segment.trial for segment in segments]))
            # An RDD of its own: where jobs share one, Spark fails them all when the first one fails.
            sent = any(content is not None for content in checkpoints)
            task = study.with_data(checkpoints) if sent else study.task.coalesce(1)
            answer: Answer = task.collect()[0]
        except Exception as error:  # lost workers, cancelled jobs and dead JVMs all raise here
            alive = study.cluster.alive()
            raise (cause_of(error, study.cluster.errors_of_stage) if alive else gone(error)) from error
        if isinstance(answer, str):
            raise WorkerLost(answer)
        return self._with_ends_of_attempts(segments[0], answer) if len(segments) == 1 else answer

    def _with_ends_of_attempts(self, segment: Segment, answer: list[EncodedResult]) -> list[EncodedResult]:
        """The segment's result, with a note on attempts that Spark has made before by itself."""
        result = decode_result(answer[0])
        if result.attempt == segment.trial.attempt:
            return answer
        errors = self._study.cluster.errors_of_job(f"{self._study.tag}/{segment.trial.number}")
        notes = result.notes.updated(TrialNotes(lost=ends_of_attempts(errors) or None))
        return [encode_result(replace(result, notes=notes), replace(segment.trial, attempt=result.attempt))]


@final
@dataclass(frozen=True)
class _Started:
    """What a launcher holds of its study.

    `run` is what a task does, `task` the RDD of one that is sent no data, `tags` those of its jobs, `tag`
    that of this study among them, and `largest` the bytes that a checkpoint may have to be sent.
    """

    cluster: Cluster
    payload: "Broadcast[StudyPayload]"
    run: Callable[[Iterator[Any]], Iterator[Answer]]
    task: "RDD[Answer]"
    tag: str
    tags: tuple[str, ...]
    largest: int

    def with_data(self, row: object) -> "RDD[Answer]":
        """A task that is sent this row."""
        return self.cluster.source_of(row).mapPartitions(self.run)


def _title(trials: Sequence[Trial]) -> str:
    """What the Spark UI shows: study, trials and, of one trial, what is set."""
    if len(trials) > 1:
        return f"{trials[0].study}/trials {', '.join(str(trial.number) for trial in trials)}"
    (trial,) = trials
    settings = " ".join(f"{name}={value}" for name, value in trial.params.items())
    return f"{trial.study}/trial {trial.number}: {settings}"


def _classic_context(spark: "SparkSession") -> "SparkContext":
    from pyspark.sql import SparkSession

    if not isinstance(spark, SparkSession):
        raise LaunchError(
            f"spark must be a classic SparkSession, but got a {type(spark)}; Spark Connect runs no jobs"
        )
    return spark.sparkContext


def _pickled(work: Work) -> bytes:
    from pyspark import cloudpickle

    try:
        return bytes(cloudpickle.dumps(work))
    except Exception as error:  # objects may raise anything when pickled
        raise LaunchError(
            f"work must be a function that can be pickled, but got {work!r}: {error}"
        ) from error
