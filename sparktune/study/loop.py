"""The one driver loop: ask, launch, record, tell."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from itertools import count
from queue import Empty, SimpleQueue

from sparktune.launch.base import Launcher
from sparktune.ledger import Ledger
from sparktune.search import Sampler
from sparktune.spec import StudySpec
from sparktune.study.stop import Stop, interruptible
from sparktune.tracking import Tracker
from sparktune.trial import Trial, TrialResult, TrialState, seed_of

OnResult = Callable[[TrialResult], None]
Flying = dict["Future[TrialResult]", Trial]


class StudyLoop:
    """Keeps every free slot busy until the sampler is exhausted or the study is stopped.

    The ledger learns of a result before anybody else, so nothing that was computed is lost by what follows.
    """

    def __init__(
        self,
        spec: StudySpec,
        sampler: Sampler,
        launcher: Launcher,
        ledger: Ledger,
        tracker: Tracker,
        on_result: OnResult,
    ) -> None:
        self._spec = spec
        self._sampler = sampler
        self._launcher = launcher
        self._ledger = ledger
        self._tracker = tracker
        self._on_result = on_result
        self._done: SimpleQueue[Future[TrialResult] | None] = SimpleQueue()
        self._flying: Flying = {}

    def run(self, stop: Stop) -> None:
        """Run all trials that are not finished yet.

        Raises:
            LaunchError: the cluster was lost; the ledger holds all that had come home.
        """
        with interruptible(stop, wake=lambda: self._done.put(None)):
            trials = self._unfinished()
            while stop.reason is None and self._fill(trials):
                self._collect(stop.remaining)
            if self._flying:
                self._launcher.cancel()
            while self._flying:
                self._collect(timeout=None)

    def _unfinished(self) -> Iterator[Trial]:
        """Trials without a terminal record, in order; the sampler hears of the others."""
        for number in count():
            params = self._sampler.ask(number)
            if params is None:
                return
            known = self._ledger.results.get(number)
            if known is not None:
                self._sampler.tell(known)
                continue
            best = self._ledger.best
            yield Trial(
                study=self._spec.study.name,
                number=number,
                params=params,
                seed=seed_of(self._spec.study.seed, params),
                threshold=best.value if best else None,
                attempt=self._ledger.attempts(number) + 1,
            )

    def _fill(self, trials: Iterator[Trial]) -> bool:
        """Launch into every free slot; False when nothing runs and nothing is left."""
        width = self._spec.resources.parallelism or max(self._launcher.slots(), 1)
        while len(self._flying) < width:
            trial = next(trials, None)
            if trial is None:
                break
            self._ledger.launched(trial)
            self._tracker.launched(trial)
            future = self._launcher.launch(trial)
            self._flying[future] = trial
            future.add_done_callback(self._done.put)
        return bool(self._flying)

    def _collect(self, timeout: float | None) -> None:
        """Record what came home within `timeout` seconds, if anything did."""
        try:
            future = self._done.get(timeout=timeout)
        except Empty:
            return
        if future is None:
            return
        del self._flying[future]
        result = future.result()
        self._ledger.record(result)
        if result.state is not TrialState.KILLED:
            self._sampler.tell(result)
        self._tracker.record(result)
        self._on_result(result)
