"""The one driver loop: ask, launch, record, tell."""

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import final

from sparktune.errors import LaunchError
from sparktune.launch.base import Launcher
from sparktune.launch.limits import timed_out
from sparktune.ledger import Ledger
from sparktune.search import Decision
from sparktune.spec import StudySpec
from sparktune.study.job_sizer import JobSizer
from sparktune.study.pruning import Pruning
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

    Trials of one graph key follow each other on a slot, long ones come first, and short segments share a job.
    A trial that is PAUSED goes on at once, wherever there is room, unless the pruner says otherwise: it waits
    for its promotion, or ends as PRUNED. The ledger learns of a result before anybody else, so nothing that
    was computed is lost by what follows. `on_tail` is called again and again while the last trials run and
    none is left to launch.
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
        pruning: Pruning | None = None,
    ) -> None:
        self._spec = spec
        self._queue = queue
        self._launcher = launcher
        self._ledger = ledger
        self._tracker = tracker
        self._on_result = on_result
        self._on_tail = on_tail
        self._pruning = pruning or Pruning(None, ledger)
        self._job_sizer = JobSizer(spec.epochs)
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
            for result in self._pruning.earlier:
                self._go_on(result, result.epochs)
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
        if self._returned.empty():  # else more may go on, and share jobs with those that do
            self._resume_paused(self._slots)
        self._fill_slots()
        if not self._running and self._pruning.waiting:
            self._end_waiting()
        return bool(self._running)

    def _fill_slots(self) -> None:
        """Launch paused trials that the pruner promotes, then new ones, while there is room."""
        free = self._free_jobs()
        while free > 0:
            exhausted = bool(self._pruning.waiting) and self._queue.exhausted()
            jobs = self._promote(free, exhausted) or self._launch_new()
            if not jobs:
                break
            free -= jobs

    def _promote(self, free: int, exhausted: bool) -> int:
        """Launch the paused trials that the pruner promotes while they fit into free jobs; gives the jobs."""
        while self._job_sizer.has_room(self._paused, free):
            result = self._pruning.promoted(self._under_way, exhausted)
            if result is None:
                break
            self._paused.append(self._next_segment(result))
        return self._resume_paused(max(1, self._slots - len(self._jobs)))

    def _end_waiting(self) -> None:
        """Where nothing runs, end the waiting trials that the pruner does not promote: they never go on."""
        if not self._promote(max(1, self._most_jobs), exhausted=True):
            for result in self._pruning.left():
                self._prune(result)
            self._fill_slots()  # the sampler may have waited for that

    def _resume_paused(self, slots: int) -> int:
        """Launch the next segments of paused trials, spread over so many slots; gives the number of jobs."""
        before = len(self._jobs)
        while self._paused:
            together = self._job_sizer.sharing(self._paused, slots)
            segments, self._paused = self._paused[:together], self._paused[together:]
            slots = max(1, slots - 1)
            self._ledger.launched(*(segment.trial for segment in segments))
            self._launch(segments)
        return len(self._jobs) - before

    def _launch_new(self) -> bool:
        """Launch a job of new trials; False where there are none."""
        trials = [self._trial(*point) for point in self._next_points()]
        if trials:
            self._ledger.launched(*trials)
            for trial in trials:
                self._tracker.launched(trial)
            self._launch([self._segment(trial, self._ledger.paused(trial.number)) for trial in trials])
        return bool(trials)

    def _free_jobs(self) -> int:
        """Jobs that may be launched now. The launcher's size is asked for once a second, as it takes time.

        A sampler that learns is told all results of a job before its slot is filled again.
        """
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._slots, self._most_jobs = self._launcher.slots(), self._launcher.max_in_flight()
            self._looked = time.monotonic()
        ahead = math.inf if self._queue.lookahead is None else self._queue.lookahead
        return int(min(self._most_jobs, self._slots + ahead)) - len(self._jobs)

    def _next_points(self) -> list[Point]:
        """The next job: what suits a free slot best; where none is free, what may wait for any slot."""
        size = self._queue.size
        known = len(self._ledger.results) + len(self._running) + len(self._pruning.waiting)
        left = math.inf if size is None else size - known
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
        return Trial(
            study=self._spec.study.name,
            number=number,
            params=params,
            seed=seed_of(self._spec.study.seed, params),
            front=self._ledger.front.values,
            attempt=self._ledger.attempts(number) + 1,
            study_id=self._ledger.study_id,
        )

    def _segment(self, trial: Trial, paused: TrialResult | None) -> Segment:
        """The next segment of a trial: from its checkpoint, or all of its training where it can have none."""
        seconds = self._spec.resources.segment_seconds
        rung = self._pruning.next_rung(paused.epochs if paused else 0)
        if paused is None:
            return Segment(trial, end=rung, seconds=seconds)
        if paused.checkpoint is None:
            return Segment(trial, end=rung, trained_seconds=paused.counted_seconds)
        return Segment(trial, paused.epochs, rung, paused.checkpoint, seconds, paused.counted_seconds)

    def _launch(self, segments: Sequence[Segment]) -> None:
        job = self._launcher.launch(segments)
        self._jobs.append(job)
        for future, segment in zip(job, segments, strict=True):
            self._running[future] = segment
            future.add_done_callback(self._returned.put)

    def _collect(self, timeout: float | None) -> None:
        """Record what returns within `timeout` seconds, if anything does, and all else that has returned.

        Raises:
            LaunchError: the first one among them, once the others are recorded.
        """
        lost: list[LaunchError] = []
        with suppress(Empty):
            while True:
                future = self._returned.get(timeout=timeout)
                timeout = 0
                if future is None:
                    continue
                segment = self._running.pop(future)
                try:
                    result = future.result()
                except LaunchError as error:
                    lost.append(error)
                else:
                    self._record(segment, result)
        self._jobs = [job for job in self._jobs if not self._running.keys().isdisjoint(job)]
        if lost:
            raise lost[0]

    def _record(self, segment: Segment, result: TrialResult) -> None:
        """Record a result in the ledger, then show it, then go on with its trial."""
        self._warm = graph_key(segment.trial.params)
        if not segment.start:
            self._job_sizer.observe(result.counted_seconds)
        result = self._ledger.record(result)
        self._show(result)
        if result.state is TrialState.PAUSED:
            self._go_on(result, segment.end)

    def _show(self, result: TrialResult) -> None:
        """Give a result that the ledger has to the sampler, to the tracker and to the user."""
        self._queue.tell(result)
        self._tracker.record(result)
        self._on_result(result)

    def _go_on(self, result: TrialResult, rung: int | None) -> None:
        """Continue a paused trial, or leave it to the pruner where it has reached `rung`."""
        if (late := timed_out(result, self._spec.resources.trial_seconds)) is not None:
            self._show(self._ledger.record(late))
            return
        match self._pruning.decide(result, rung, self._under_way):
            case Decision.CONTINUE:
                self._paused.append(self._next_segment(result))
            case Decision.STOP:
                self._prune(result)

    def _next_segment(self, result: TrialResult) -> Segment:
        """What follows on a paused result: no other attempt, as nothing was lost."""
        trial = replace(self._trial(result.trial, result.params), attempt=result.attempt)
        return self._segment(trial, result)

    def _prune(self, result: TrialResult) -> None:
        self._show(self._ledger.record(self._pruning.end(result)))

    def _under_way(self) -> list[int]:
        """Numbers of the trials that run or are about to go on."""
        return [segment.trial.number for segment in (*self._running.values(), *self._paused)]
