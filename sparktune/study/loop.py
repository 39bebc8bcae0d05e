"""The one driver loop: ask, launch, record, tell."""

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import final

from sparktune.launch.base import Launcher
from sparktune.ledger import Ledger
from sparktune.spec import StudySpec
from sparktune.study.job_sizer import JobSizer
from sparktune.study.stop import Stop, interruptible
from sparktune.study.trial_queue import Point, TrialQueue
from sparktune.tracking import Tracker
from sparktune.training import batch_limit
from sparktune.training.graph_key import graph_key
from sparktune.trial import Params, Segment, Trial, TrialResult, TrialState, seed_of

LOOK_SECONDS = 1.0
OnResult = Callable[[TrialResult], None]
OnTail = Callable[[], None]


@final
class StudyLoop:
    """Keeps every free slot busy until the queue is exhausted or the study is stopped.

    Trials of one graph key follow each other on a slot, long ones come first, and short ones share a job. A
    trial that is PAUSED goes on at once, wherever there is room. The ledger learns of a result before anybody
    else, so nothing that was computed is lost by what follows. `on_tail` is called again and again while the
    last trials run and none is left to launch.
    """

    def __init__(
        self,
        spec: StudySpec,
        queue: TrialQueue,
        launcher: Launcher,
        ledger: Ledger,
        tracker: Tracker,
        on_result: OnResult,
        on_tail: OnTail = lambda: None,
    ) -> None:
        self._spec = spec
        self._queue = queue
        self._launcher = launcher
        self._ledger = ledger
        self._tracker = tracker
        self._on_result = on_result
        self._on_tail = on_tail
        self._job_sizer = JobSizer()
        self._batch_limit = batch_limit(spec)
        self._returned: SimpleQueue[Future[TrialResult] | None] = SimpleQueue()
        self._running: dict[Future[TrialResult], Segment] = {}
        self._paused: list[Segment] = []
        self._jobs: list[list[Future[TrialResult]]] = []
        self._warm: str | None = None
        self._slots = self._most_jobs = 1
        self._looked = -math.inf

    def run(self, stop: Stop) -> None:
        """Run all trials that are not finished yet.

        Raises:
            LaunchError: the cluster was lost; the ledger holds all results that had returned.
            StudyFailed: the sampler waits though nothing runs.
        """
        stop.start_clock()
        with interruptible(stop, wake=lambda: self._returned.put(None)):
            while stop.reason is None and self._fill():
                if self._queue.exhausted():
                    self._on_tail()
                self._collect(stop.remaining)
            if self._running:
                self._launcher.cancel()
            while self._running:
                self._collect(timeout=None)
        if stop.reason is None:
            self._queue.check_progress()

    def _fill(self) -> bool:
        """Launch into every free slot; False when nothing runs and nothing is left."""
        self._resume_paused()
        for _ in range(self._free_jobs()):
            points = self._next_points()
            if not points:
                break
            trials = [self._trial(*point) for point in points]
            self._ledger.launched(*trials)
            for trial in trials:
                self._tracker.launched(trial)
            self._launch([self._segment(trial, self._ledger.paused(trial.number)) for trial in trials])
        return bool(self._running)

    def _resume_paused(self) -> None:
        """Launch the next segments of paused trials. Short ones share jobs, so they wait for each other."""
        most = self._job_sizer.size(math.inf, self._slots)
        together = max(1, min(most, math.ceil(len(self._paused) / self._slots)))
        while self._paused and (most == 1 or len(self._paused) >= most or self._returned.empty()):
            segments = self._paused[:together]
            del self._paused[:together]
            self._ledger.launched(*(segment.trial for segment in segments))
            self._launch(segments)

    def _free_jobs(self) -> int:
        """Jobs that may be launched now. The launcher's size is asked for once a second, as it takes time.

        A sampler that learns is told a result before its slot is filled again.
        """
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._slots, self._most_jobs = self._launcher.slots(), self._launcher.max_in_flight()
            self._looked = time.monotonic()
        self._jobs = [job for job in self._jobs if not all(future.done() for future in job)]
        if self._queue.lookahead is None:
            return self._most_jobs - len(self._jobs)
        return min(self._most_jobs, self._slots + self._queue.lookahead) - len(self._running)

    def _next_points(self) -> list[Point]:
        """The trials of the next job: what suits a free slot best, or may wait for any."""
        size = self._queue.size
        left = math.inf if size is None else size - len(self._ledger.results) - len(self._running)
        most = self._job_sizer.size(left, self._slots)
        # No slot stands idle while trials are trained as one.
        same_graph = int(min(self._batch_limit, max(1, left / self._slots)))
        if self._queue.lookahead is not None:
            most = same_graph = 1
        busy = {graph_key(segment.trial.params) for segment in self._running.values()}
        if len(self._jobs) >= self._slots:
            return self._queue.take_ahead(most, busy, same_graph)
        warm, self._warm = self._warm, None
        return self._queue.take(most, warm, busy, same_graph)

    def _trial(self, number: int, params: Params) -> Trial:
        best = self._ledger.best
        return Trial(
            study=self._spec.study.name,
            number=number,
            params=params,
            seed=seed_of(self._spec.study.seed, params),
            threshold=best.value if best else None,
            attempt=self._ledger.attempts(number) + 1,
        )

    def _segment(self, trial: Trial, paused: TrialResult | None) -> Segment:
        """The next segment of a trial: from its checkpoint; where there can be none, all of it."""
        seconds = self._spec.resources.segment_seconds
        if paused is None:
            return Segment(trial, seconds=seconds)
        if paused.checkpoint is None:
            return Segment(trial)
        return Segment(trial, start=paused.epochs, checkpoint=paused.checkpoint, seconds=seconds)

    def _launch(self, segments: Sequence[Segment]) -> None:
        job = self._launcher.launch(segments)
        self._jobs.append(job)
        for future, segment in zip(job, segments, strict=True):
            self._running[future] = segment
            future.add_done_callback(self._returned.put)

    def _collect(self, timeout: float | None) -> None:
        """Record what returns within `timeout` seconds, if anything does, and all else that has returned."""
        with suppress(Empty):
            while True:
                future = self._returned.get(timeout=timeout)
                if future is not None:
                    self._record(self._running.pop(future), future.result())
                timeout = 0

    def _record(self, segment: Segment, result: TrialResult) -> None:
        """The ledger first; then whoever proposes, shows or continues."""
        self._warm = graph_key(segment.trial.params)
        self._job_sizer.observe(result.seconds)
        result = self._ledger.record(result)
        if result.state.terminal:
            self._queue.tell(result)
        self._tracker.record(result)
        self._on_result(result)
        if result.state is TrialState.PAUSED:
            best = self._ledger.best
            threshold = best.value if best else None
            trial = replace(segment.trial, attempt=result.attempt, threshold=threshold)
            self._paused.append(self._segment(trial, result))
