"""The one driver loop: ask, launch, record, tell."""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from itertools import count
from queue import Empty, SimpleQueue

from sparktune.launch.base import Launcher
from sparktune.ledger import Ledger
from sparktune.search import Sampler
from sparktune.spec import StudySpec
from sparktune.study.job_sizer import JobSizer
from sparktune.study.stop import Stop, interruptible
from sparktune.study.trial_queue import Point, TrialQueue
from sparktune.tracking import Tracker
from sparktune.training import fused_at_most
from sparktune.training.graph_key import graph_key
from sparktune.trial import Params, Trial, TrialResult, TrialState, seed_of

LOOK_SECONDS = 1.0
OnResult = Callable[[TrialResult], None]
OnTail = Callable[[], None]
Flying = dict["Future[TrialResult]", Trial]


def _nothing() -> None:
    """Do nothing."""


class StudyLoop:
    """Keeps every free slot busy until the sampler is exhausted or the study is stopped.

    Alike trials follow each other on a slot, long ones come first, and short ones share a job.
    The ledger learns of a result before anybody else, so nothing that was computed is lost by what follows.
    `on_tail` is called again and again while the last trials run and none is left to launch.
    """

    def __init__(
        self,
        spec: StudySpec,
        sampler: Sampler,
        launcher: Launcher,
        ledger: Ledger,
        tracker: Tracker,
        on_result: OnResult,
        on_tail: OnTail = _nothing,
    ) -> None:
        self._spec = spec
        self._sampler = sampler
        self._launcher = launcher
        self._ledger = ledger
        self._tracker = tracker
        self._on_result = on_result
        self._on_tail = on_tail
        self._queue = TrialQueue(self._unfinished())
        self._job_sizer = JobSizer()
        self._fuse = fused_at_most(spec)
        self._done: SimpleQueue[Future[TrialResult] | None] = SimpleQueue()
        self._flying: Flying = {}
        self._jobs: list[list[Future[TrialResult]]] = []
        self._warm: str | None = None
        self._slots = self._most = 1
        self._looked = -math.inf

    def run(self, stop: Stop) -> None:
        """Run all trials that are not finished yet.

        Raises:
            LaunchError: the cluster was lost; the ledger holds all that had come home.
        """
        with interruptible(stop, wake=lambda: self._done.put(None)):
            while stop.reason is None and self._fill():
                if self._queue.exhausted():
                    self._on_tail()
                self._collect(stop.remaining)
            if self._flying:
                self._launcher.cancel()
            while self._flying:
                self._collect(timeout=None)

    def _unfinished(self) -> Iterator[Point]:
        """Points without a terminal record, in order; the sampler hears of the others."""
        for number in count():
            params = self._sampler.ask(number)
            if params is None:
                return
            known = self._ledger.results.get(number)
            if known is None:
                yield number, params
            else:
                self._sampler.tell(known)

    def _fill(self) -> bool:
        """Launch into every free slot; False when nothing runs and nothing is left."""
        for _ in range(self._free()):
            points = self._next()
            if not points:
                break
            self._launch([self._trial(*point) for point in points])
        return bool(self._flying)

    def _next(self) -> list[Point]:
        """What suits a free slot best, or may wait for any."""
        busy = {graph_key(trial.params) for trial in self._flying.values()}
        if len(self._jobs) >= self._slots:
            return self._queue.take_ahead(self._share(), busy, self._alike())
        warm, self._warm = self._warm, None
        return self._queue.take(self._share(), warm, busy, self._alike())

    def _free(self) -> int:
        """Jobs that may be launched now. The launcher's size is asked for once a second, as it takes time."""
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._slots, self._most = self._launcher.slots(), self._launcher.max_in_flight()
            self._looked = time.monotonic()
        self._jobs = [job for job in self._jobs if not all(future.done() for future in job)]
        return self._most - len(self._jobs)

    def _share(self) -> int:
        """Trials for the next job."""
        return self._job_sizer.size(self._left(), self._slots)

    def _alike(self) -> int:
        """Trials of one design for the next job: no slot stands idle while they train as one."""
        return int(min(self._fuse, max(1, self._left() / self._slots)))

    def _left(self) -> float:
        """Trials that are still to be launched, as far as is known."""
        if self._sampler.size is None:
            return math.inf
        return self._sampler.size - len(self._ledger.results) - len(self._flying)

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

    def _launch(self, trials: list[Trial]) -> None:
        self._ledger.launched(*trials)
        for trial in trials:
            self._tracker.launched(trial)
        job = self._launcher.launch_together(trials)
        self._jobs.append(job)
        for future, trial in zip(job, trials, strict=True):
            self._flying[future] = trial
            future.add_done_callback(self._done.put)

    def _collect(self, timeout: float | None) -> None:
        """Record what came home within `timeout` seconds, if anything did."""
        try:
            future = self._done.get(timeout=timeout)
        except Empty:
            return
        if future is None:
            return
        trial = self._flying.pop(future)
        result = future.result()
        self._warm = graph_key(trial.params)
        self._job_sizer.hear(result.seconds)
        self._ledger.record(result)
        if result.state is not TrialState.KILLED:
            self._sampler.tell(result)
        self._tracker.record(result)
        self._on_result(result)
