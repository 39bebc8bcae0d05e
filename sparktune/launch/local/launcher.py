"""Trials in processes of this machine, without Spark."""

import logging
import pickle
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import final

from sparktune.cores import usable_cores
from sparktune.data.host import SharedData
from sparktune.errors import LaunchError
from sparktune.launch.base import Launcher
from sparktune.launch.limits import Limits
from sparktune.launch.local.process import WorkerProcess
from sparktune.launch.payload import StudyPayload, Work, default_work, with_checkpoints
from sparktune.launch.pending import PendingSegment, PendingSegments, run_pending
from sparktune.spec import ResourcesSpec, StudySpec
from sparktune.temporary import driver_folder
from sparktune.trial import Segment, TrialResult

log = logging.getLogger("sparktune")


@final
class LocalLauncher(Launcher):
    """Runs trials in worker processes that start when first needed, get the data once and are used again.

    There are as many as `resources.cpus` goes into this machine's cores, at most `resources.parallelism`. A
    worker that dies is replaced and its trial tried again, up to 3 attempts in all.

    Args:
        work: what trains a segment, a function of an importable module; `run_segment` by default.
    """

    def __init__(self, work: Work | None = None) -> None:
        self._work = work
        self._folder = ExitStack()
        self._queue: SimpleQueue[list[PendingSegment] | None] = SimpleQueue()
        self._pending = PendingSegments()
        self._workers: list[WorkerProcess] = []
        self._threads: list[threading.Thread] = []
        self._largest = 0  # bytes of a checkpoint that is sent

    def start(self, spec: StudySpec, shared: SharedData) -> None:
        if spec.resources.gpus:
            raise LaunchError(
                f"resources.gpus must be 0 with resources.launcher local, but got {spec.resources.gpus:g}; "
                "only Spark grants GPUs"
            )
        self._largest = spec.output.checkpoint_limit
        payload = StudyPayload(spec.model_dump_json(), shared.key, _pickled(self._work or default_work()))
        folder = Path(self._folder.enter_context(tempfile.TemporaryDirectory(dir=driver_folder())))
        (folder / "payload").write_bytes(pickle.dumps(payload, protocol=pickle.HIGHEST_PROTOCOL))
        count = local_slots(spec.resources)
        cpus, limits = spec.resources.cpus, Limits.of(spec.resources)
        self._workers = [WorkerProcess(folder, str(index), cpus, limits) for index in range(count)]
        self._threads = [threading.Thread(target=self._serve, args=(w,), daemon=True) for w in self._workers]
        for thread in self._threads:
            thread.start()

    def slots(self) -> int:
        return len(self._workers)

    def max_in_flight(self) -> int:
        return self.slots() + 1

    def launch(self, segments: Sequence[Segment]) -> "list[Future[TrialResult]]":
        pending = self._pending.add(segments)
        self._queue.put(pending)
        return [entry.future for entry in pending]

    def cancel(self) -> None:
        self._pending.cancel(self._kill)

    def close(self) -> None:
        if not self._pending.close():
            return
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()
        self._folder.close()

    def _kill(self) -> None:
        for worker in self._workers:
            worker.kill()

    def _serve(self, worker: WorkerProcess) -> None:
        """The driver thread of one worker process."""
        while (pending := self._queue.get()) is not None:
            run_pending(pending, lambda segments: worker.run(with_checkpoints(segments, self._largest)))
        worker.close()


def local_slots(resources: ResourcesSpec) -> int:
    """Trials that run at once in processes of this machine; a warning names what has no effect here."""
    cores, cpus, parallelism = usable_cores(), resources.cpus, resources.parallelism
    fits = max(1, cores // cpus)
    if cpus > cores:
        log.warning("resources.cpus %d has no effect above %d, the cores of this machine", cpus, cores)
    if parallelism is not None and parallelism > fits:
        log.warning(
            "resources.parallelism %d has no effect above %d, as many trials as fit on %d cores",
            *(parallelism, fits, cores),
        )
    return min(fits, parallelism or fits)


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
