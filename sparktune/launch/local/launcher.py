"""Trials in processes of this machine, without Spark."""

import os
import pickle
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue

from sparktune.data.dataset import Dataset
from sparktune.data.host import share
from sparktune.errors import LaunchError
from sparktune.launch.base import Launcher
from sparktune.launch.local.process import WorkerProcess
from sparktune.launch.payload import StudyPayload, Work, default_work
from sparktune.launch.pending import PendingTrial, PendingTrials, run_pending
from sparktune.spec import StudySpec
from sparktune.trial import Trial, TrialResult


class LocalLauncher(Launcher):
    """Runs trials in worker processes that start when first needed, get the data once and are used again.

    There are as many as `resources.cpus` goes into this machine's cores, at most `resources.parallelism`. A
    worker that dies is replaced and its trial tried again, up to 3 attempts in all.

    Args:
        spec: the study.
        data: its data.
        work: what trains a trial, a function of an importable module; `run_trial` by default.

    Raises:
        LaunchError: the resources or the work cannot be used; no process has been started.
    """

    def __init__(self, spec: StudySpec, data: Dataset, work: Work | None = None) -> None:
        if spec.resources.gpus:
            raise LaunchError(
                f"resources.gpus must be 0 with resources.launcher local, but got {spec.resources.gpus:g}; "
                "only Spark grants GPUs"
            )
        pickled = _pickled(work or default_work())
        self._data = share(data)
        payload = StudyPayload(spec.model_dump_json(), self._data.key, pickled)
        fits = max(1, _cores() // spec.resources.cpus)
        self._slots = min(fits, spec.resources.parallelism or fits)
        self._folder = tempfile.TemporaryDirectory(prefix="sparktune-")
        with (Path(self._folder.name) / "payload").open("wb") as file:
            pickle.dump(payload, file, protocol=pickle.HIGHEST_PROTOCOL)
        self._queue: SimpleQueue[list[PendingTrial] | None] = SimpleQueue()
        self._flights = PendingTrials()
        self._workers = [
            WorkerProcess(Path(self._folder.name), str(index), spec.resources.cpus)
            for index in range(self._slots)
        ]
        self._threads = [threading.Thread(target=self._serve, args=(w,), daemon=True) for w in self._workers]
        for thread in self._threads:
            thread.start()

    def slots(self) -> int:
        return self._slots

    def max_in_flight(self) -> int:
        return self._slots + 1

    def launch_together(self, trials: Sequence[Trial]) -> "list[Future[TrialResult]]":
        flights = [self._flights.add(trial) for trial in trials]
        self._queue.put(flights)
        return [flight.future for flight in flights]

    def cancel(self) -> None:
        self._flights.cancel(self._kill)

    def close(self) -> None:
        if not self._flights.close():
            return
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()
        self._folder.cleanup()
        self._data.close()

    def _kill(self) -> None:
        for worker in self._workers:
            worker.kill()

    def _serve(self, worker: WorkerProcess) -> None:
        """The driver thread of one worker process."""
        while (flights := self._queue.get()) is not None:
            run_pending(flights, worker.run)
        worker.close()


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _pickled(work: Work) -> bytes:
    """The work by its module and name."""
    try:
        if work.__module__ == "__main__":
            raise pickle.PicklingError("__main__ is another module in a worker process")
        return pickle.dumps(work)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise LaunchError(
            f"work must be a function of an importable module, but got {work!r}: {error}"
        ) from error
