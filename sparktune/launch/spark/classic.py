"""Trials on a Spark cluster: one job with one task per launch, submitted from a driver thread."""

import json
import os
import uuid
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from sparktune.data.dataset import Dataset
from sparktune.data.host import share
from sparktune.errors import LaunchError
from sparktune.launch.base import Launcher
from sparktune.launch.payload import EncodedResult, StudyPayload, Work, default_work
from sparktune.launch.pending import PendingTrials, WorkerLost, run_pending
from sparktune.launch.spark.cluster import Cluster
from sparktune.launch.spark.failures import cause_of, gone
from sparktune.launch.spark.gpus import VISIBLE, run_on
from sparktune.launch.spark.job_threads import JobThreads
from sparktune.spec import StudySpec
from sparktune.trial import Trial, TrialResult

if TYPE_CHECKING:
    from pyspark import Broadcast, SparkContext
    from pyspark.sql import SparkSession

TRIALS = "sparktune.trials"  # the property of a job that holds them
TAGS = "spark.job.tags"


class SparkLauncher(Launcher):
    """Runs each launch, of one trial or several, as a Spark job: Spark places it and grants cores and GPUs.

    The spec and the work are broadcast once; the data reach each executor once, as a file that all its
    workers map. A job carries one tag per study and one per trial, so
    that cancelling touches no other job of the context. Spark runs a trial again whose worker was lost; where
    it does not (`local[N]`), it is launched again, up to 3 attempts in all. Trials that shared a job then go
    on alone.

    Args:
        spark: a classic session (not Spark Connect), with pinned threads, as is the default.
        spec: the study.
        data: its data.
        work: what trains a trial; `run_trial` by default.

    Raises:
        LaunchError: the session cannot run such trials; no job has been started.
    """

    def __init__(
        self, spark: "SparkSession", spec: StudySpec, data: Dataset, work: Work | None = None
    ) -> None:
        self._context = _classic_context(spark)
        self._cluster = Cluster(self._context, spec.resources)
        self._limit = self._cluster.result_limit()
        self._data = share(data)
        if not self._cluster.local:
            self._context.addFile(str(self._data.path))
        payload = StudyPayload(spec.model_dump_json(), self._data.key, _pickled(work or default_work()))
        self._payload = self._context.broadcast(payload)
        self._tag = f"sparktune/{spec.study.name}/{uuid.uuid4().hex[:8]}"
        self._tags = [*self._context.getJobTags(), self._tag]
        self._flights = PendingTrials()
        self._task = self._cluster.source.map(partial(_attempt, self._payload, self._limit))
        self._task.id()  # makes the JVM's part of it now, for all jobs
        self._threads = JobThreads()

    def slots(self) -> int:
        return self._cluster.slots()

    def max_in_flight(self) -> int:
        return self._cluster.max_in_flight()

    def launch_together(self, trials: Sequence[Trial]) -> "list[Future[TrialResult]]":
        flights = [self._flights.add(trial) for trial in trials]
        try:
            self._threads.do(partial(run_pending, flights, self._run))
        except Exception as error:  # noqa: BLE001 - a thread asks the JVM, which may be gone in many ways
            for flight in flights:
                flight.future.set_exception(gone(error))
        return [flight.future for flight in flights]

    def cancel(self) -> None:
        self._flights.cancel(self._cancel_jobs)

    def close(self) -> None:
        if not self._flights.close():
            return
        self._threads.dismiss()
        self._data.close()
        if self._cluster.alive():
            self._payload.destroy()

    def _cancel_jobs(self) -> None:
        try:
            self._context.cancelJobsWithTag(self._tag)
        except Exception:  # noqa: BLE001 - a dead JVM has no jobs left; the trials' own threads report it
            return

    def _run(self, trials: Sequence[Trial]) -> list[EncodedResult]:
        try:
            self._announce(trials)
            # An RDD of its own: where jobs share one, Spark fails them all when the first one fails.
            answer: list[EncodedResult] | str = self._task.coalesce(1).collect()[0]
        except Exception as error:  # lost workers, cancelled jobs and dead JVMs all raise here
            raise (cause_of(error) if self._cluster.alive() else gone(error)) from error
        if isinstance(answer, str):
            raise WorkerLost(answer)
        return answer

    def _announce(self, trials: Sequence[Trial]) -> None:
        """Hand this thread's next job its trials, and Spark what it shows of them.

        Trials as a property cost one call; as a part of the function they would cost a new one each time.
        """
        tags = [*self._tags, *(f"{self._tag}/{trial.number}" for trial in trials)]
        self._context.setLocalProperty(TAGS, ",".join(tags))
        self._context.setLocalProperty(TRIALS, json.dumps([trial.to_json() for trial in trials]))
        self._context.setJobDescription(_title(trials))


def _attempt(payload: "Broadcast[StudyPayload]", limit: int, _: int) -> list[EncodedResult] | str:
    """The task: one attempt on an executor, numbered on from where the driver stands.

    A text says how trials were lost: where Spark tries several again, one of them may have ended the worker.
    """
    from pyspark import TaskContext

    context: Any = TaskContext.get()
    gpu = context.resources().get("gpu")
    again = context.attemptNumber()
    trials = [Trial.from_json(trial) for trial in json.loads(context.getLocalProperty(TRIALS))]
    if again and len(trials) > 1:
        return "the worker was lost while it ran several trials"
    trials = [replace(trial, attempt=trial.attempt + again) for trial in trials]
    if gpu is None:
        os.environ[VISIBLE] = "-1"
        results: list[EncodedResult] = payload.value.run_trials(trials, limit)
        return results
    try:
        return run_on(gpu.addresses, payload.value, trials, limit)
    except WorkerLost as lost:
        return f"the trial's own process was lost: {lost}"


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
