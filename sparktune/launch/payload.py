"""One attempt at a segment, where it runs: the same lines in a Spark task and in a local worker process."""

import json
import os
import pickle
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from platform import node
from typing import cast, final

from sparktune.data.dataset import Dataset
from sparktune.data.host import DataKey, SharedData, borrow
from sparktune.errors import LaunchError
from sparktune.launch.limits import Limits
from sparktune.spec import StudySpec
from sparktune.spec.extensions import CHECKED
from sparktune.trial import Segment, Trial, TrialNotes, TrialResult, TrialState, state_after

Work = Callable[[Segment, StudySpec, Dataset], TrialResult]
EncodedResult = tuple[str, bytes | None]
ATTEMPTS = 3
TOGETHER_SECONDS = 2.0


@final
@dataclass(frozen=True)
class StudyPayload:
    """What all trials of a study share; it reaches each worker process once.

    `spec` is the study as JSON, `data` names the host's copy of the data, and `work` is the pickled function
    that trains, by default `run_segment`.
    """

    spec: str
    data: DataKey
    work: bytes

    @property
    def cpus(self) -> int:
        """Cores of each trial."""
        return self._study.resources.cpus

    @property
    def limits(self) -> Limits:
        """What each trial may take."""
        return Limits.of(self._study.resources)

    @cached_property
    def _study(self) -> StudySpec:
        return StudySpec.model_validate_json(self.spec, context=CHECKED)

    @cached_property
    def _work_function(self) -> Work:
        return cast(Work, pickle.loads(self.work))

    @cached_property
    def _shared_data(self) -> SharedData:
        return borrow(self.data, partial(shipped, self.data))

    def _inputs(self) -> tuple[StudySpec, Work, Dataset]:
        """What a segment is trained with; the threads of libraries are bound before any is loaded for it.

        Raises:
            LaunchError: this process cannot read it, for which no trial is to blame.
        """
        try:
            bound_threads(self.cpus)
            return self._study, self._work_function, self._shared_data.data
        except Exception as error:  # unpickling runs the user's imports
            raise LaunchError(
                f"host {node()} must be able to run trials, but {type(error).__name__}: {error}"
            ) from error

    def check(self) -> None:
        """Raise now what the first trial would raise.

        What trials import is imported now where they have limits, so that it does not count as theirs.

        Raises:
            LaunchError: this process cannot read the spec, the data or the work.
        """
        _, work, _ = self._inputs()
        if self.limits.exist and work is default_work():
            from sparktune.training.preload import preload

            preload()

    def run(self, segment: Segment, limit: int | None = None) -> EncodedResult:
        """Train a segment; whatever goes wrong in Python is returned as a result.

        Such a one is FAILED or OUT_OF_MEMORY, with the traceback.

        Args:
            segment: its trial has the number of this attempt.
            limit: bytes that the result may have; no bound by default.

        Raises:
            LaunchError: this process cannot read the spec, the data or the work.
        """
        study, work, data = self._inputs()
        started = time.perf_counter()
        try:
            result = work(segment, study, data)
            return encode_result(result, segment.trial, limit)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's model and data may raise anything
            seconds = time.perf_counter() - started
            failure = ended(segment.trial, state_after(error), traceback.format_exc(), seconds)
            return encode_result(failure, segment.trial)

    def run_segments(
        self, segments: Sequence[Segment], limit: int | None = None, seconds: float = TOGETHER_SECONDS
    ) -> Iterator[EncodedResult]:
        """Train segments, and stop where `seconds` have passed; gives each result when it is there.

        Segments of one graph key train as one where the study has it so. Results are those of the first
        segments, of one at least: where a model does not fit into `limit` bytes beside those before it, its
        segment and all later ones are left out, as they are once the `seconds` have passed.

        Raises:
            LaunchError: this process cannot read the spec, the data or the work.
        """
        size, deadline = 0, time.monotonic() + seconds
        for index, group in enumerate(self._groups(segments, limit)):
            for position, encoded in enumerate(group):
                size += sum(map(len, filter(None, encoded)))
                if index + position and limit is not None and size > limit:
                    return
                yield encoded
            if time.monotonic() >= deadline:
                return

    def _groups(self, segments: Sequence[Segment], limit: int | None) -> Iterator[list[EncodedResult]]:
        """The results of the segments in their order; of those that were trained as one, at once."""
        study, work, data = self._inputs()
        if len(segments) == 1 or work is not default_work():
            yield from ([self.run(segment, limit)] for segment in segments)
            return
        from sparktune.training import run_segments_batched

        trials = iter(segment.trial for segment in segments)
        for batch in run_segments_batched(segments, study, data):
            yield [encode_result(result, next(trials), limit) for result in batch]


def shipped(key: DataKey) -> Path:
    """The data set as it came to this executor, where the driver's host is another one."""
    from pyspark import SparkFiles

    return Path(SparkFiles.get(f"{key.digest}.data"))


def default_work() -> Work:
    """The function that trains; imported when the first launcher needs it."""
    from sparktune.training import run_segment

    return run_segment


def thread_environment(cpus: int) -> dict[str, str]:
    """Variables that bound the threads of numpy and TensorFlow, where they are set before the import."""
    return dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), str(cpus))


def bound_threads(cpus: int) -> None:
    """Bound the threads of libraries that this process has not loaded yet."""
    os.environ.update(thread_environment(cpus))


def encode_result(result: TrialResult, trial: Trial, limit: int | None = None) -> EncodedResult:
    """A result as plain JSON, and the bytes of its model or, where it is paused, of its checkpoint.

    Raises:
        TypeError: the work gave no TrialResult, or one that is not plain JSON.
    """
    if not isinstance(result, TrialResult):
        raise TypeError(f"a trial's work must return a TrialResult, but got {type(result).__name__}")
    content = result.checkpoint_bytes if result.state is TrialState.PAUSED else result.model
    if limit is not None and content is not None and len(content) > limit:
        size, content = len(content), None
        if result.state is TrialState.PAUSED:
            why = f"none: it has {size} bytes, and spark.driver.maxResultSize leaves {limit}"
            result = replace(result, notes=result.notes.updated(TrialNotes(checkpoint=why)))
        else:
            why = (
                f"the trained model must fit into spark.driver.maxResultSize, but has {size} bytes where "
                f"{limit} are left; raise it with --conf spark.driver.maxResultSize=2g (2 GiB is the most a "
                "model may have)"
            )
            result = replace(result, state=TrialState.FAILED, error=why)
    record = {**result.to_record(), "trial": trial.number, "attempt": trial.attempt}
    return json.dumps(record), content


def decode_result(encoded: EncodedResult) -> TrialResult:
    """The result that was encoded."""
    record, content = encoded
    result = TrialResult.from_record(json.loads(record))
    if result.state is TrialState.PAUSED:
        return replace(result, checkpoint_bytes=content)
    return replace(result, model=content)


def with_standstill(record: str, seconds: float) -> str:
    """The record of a result during which its host stood still for so many seconds, as its watcher saw."""
    if not seconds:
        return record
    values = json.loads(record)
    return json.dumps({**values, "stood_still": min(seconds, sum(values["timings"].values()))})


def with_checkpoints(segments: Sequence[Segment], largest: int) -> list[Segment]:
    """The segments with the contents of their checkpoints, read from this host's disk.

    A checkpoint of more than `largest` bytes, or one that this host does not see, is left where it is: it is
    looked for again where its segment runs.
    """
    return [
        replace(segment, checkpoint_bytes=_content(Path(segment.checkpoint), largest))
        if segment.checkpoint is not None
        else segment
        for segment in segments
    ]


def _content(checkpoint: Path, largest: int) -> bytes | None:
    try:
        return checkpoint.read_bytes() if checkpoint.stat().st_size <= largest else None
    except OSError:
        return None


def ended(trial: Trial, state: TrialState, error: str | None, seconds: float = 0.0) -> TrialResult:
    """The result of a trial that has no value: it failed, was lost or was killed."""
    return TrialResult(
        trial=trial.number,
        params=trial.params,
        state=state,
        timings={"total": seconds} if seconds else {},
        host=node(),
        attempt=trial.attempt,
        error=error,
    )
