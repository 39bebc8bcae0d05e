"""Searches by the driver's own loop, over a recorded grid: training is looked up and takes no time.

The loop, its queue, ledger, samplers and pruners are those of `tune`. The clock is simulated: a segment takes
what was measured, more or less, and the loop is given the next one that ends whenever it would wait.
"""

import heapq
import math
import random
import tempfile
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from quality.grids import Grid
from quality.recording import OBJECTIVE, Recording

from sparktune.data.host import SharedData
from sparktune.launch import Launcher
from sparktune.launch.payload import ended
from sparktune.ledger import Ledger
from sparktune.search import build_pruner, build_sampler
from sparktune.spec import StudySpec
from sparktune.study.loop import StudyLoop
from sparktune.study.pruning import Pruning
from sparktune.study.trial_queue import WINDOW, TrialQueue
from sparktune.summary import Objective, Reason
from sparktune.tracking import NullTracker
from sparktune.trial import Segment, TrialResult, TrialState

IN_FLIGHT = 8
JITTER = 0.2  # standard deviation of the logarithm of a segment's time
MEMORY = Path("/dev/shm")


@dataclass(frozen=True, order=True)
class Running:
    """A segment between two points of the simulated time."""

    end: float
    number: int
    start: float
    segment: Segment
    future: "Future[TrialResult]"
    epochs: int

    def epochs_at(self, now: float) -> float:
        """Epochs that it has trained so far, parts of them too."""
        return self.epochs * max(0.0, (now - self.start) / (self.end - self.start))


class ReplayLauncher(Launcher):
    """Runs segments in simulated time, several of one launch one after another."""

    def __init__(self, recording: Recording, seed: int) -> None:
        self._recording = recording
        self._random = random.Random(seed)
        self._now = 0.0
        self._running: list[Running] = []
        self._launched = 0
        self._epochs = 0.0

    def start(self, spec: StudySpec, shared: SharedData) -> None:
        """Nothing is trained."""

    def slots(self) -> int:
        return IN_FLIGHT

    def launch(self, segments: Sequence[Segment]) -> "list[Future[TrialResult]]":
        start, futures = self._now, []
        for segment in segments:
            epochs = self._recording.last_epoch(segment) - segment.start
            jitter = self._random.lognormvariate(0, JITTER)
            end = start + jitter * self._recording.seconds(segment.trial.params, epochs)
            futures.append(Future[TrialResult]())
            self._launched += 1
            heapq.heappush(self._running, Running(end, self._launched, start, segment, futures[-1], epochs))
            start = end
        return futures

    def end_next(self) -> None:
        """Go on to the next end of a segment."""
        if self._running:
            done = heapq.heappop(self._running)
            self._now = done.end
            self._epochs += done.epochs
            done.future.set_result(self._recording.result(done.segment, done.end - done.start))

    @property
    def epochs(self) -> float:
        """Epochs that were trained until now."""
        return self._epochs + sum(one.epochs_at(self._now) for one in self._running)

    def cancel(self) -> None:
        for one in self._running:
            one.future.set_result(ended(one.segment.trial, TrialState.KILLED, "cancelled"))
        self._running.clear()

    def close(self) -> None:
        """Nothing was taken."""


class ReplayStop:
    """Ends the search once `found`. Where the loop asks how long it may wait, the simulated time goes on."""

    def __init__(self, launcher: ReplayLauncher) -> None:
        self._launcher = launcher
        self.found = False

    def start_clock(self) -> None:
        """There is no time limit."""

    @property
    def reason(self) -> Reason | None:
        return "target" if self.found else None

    @property
    def remaining(self) -> float:
        self._launcher.end_next()
        return 0.0


def epochs_to_good(grid: Grid, recording: Recording, pair: str, seed: int, window: int = WINDOW) -> float:
    """Epochs that a search trains until a complete trial is good; infinite where none ever is.

    The queue puts `window` configurations in order, long ones first, where the sampler can look ahead.
    """
    launcher = ReplayLauncher(recording, seed)
    stop = ReplayStop(launcher)
    spent = math.inf

    def on_result(result: TrialResult) -> None:
        nonlocal spent
        if not stop.found and result.state is TrialState.COMPLETE and (result.value or 0) >= recording.good:
            spent, stop.found = launcher.epochs, True

    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        spec = grid.study(pair, seed, folder)
        sampler, pruner = build_sampler(spec), build_pruner(spec.search)
        objective = Objective(OBJECTIVE, "maximize")
        sampler.set_objective(objective)
        if pruner is not None:
            pruner.set_objective(objective)
        with Ledger.open(spec.study_directory, spec, grid.name, objective.direction) as ledger:
            queue = TrialQueue(sampler, window=window)
            pruning = Pruning(pruner, ledger)
            loop = StudyLoop(spec, queue, launcher, ledger, NullTracker(), on_result, pruning=pruning)
            loop.run(stop)
    return spent
