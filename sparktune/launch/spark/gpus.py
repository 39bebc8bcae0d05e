"""Trials on the GPUs that Spark granted to a task, and on no others.

Spark grants addresses task by task and uses a Python worker for many tasks, but CUDA looks at what is visible
only once in a process. So a worker keeps a process of its own for the addresses of its last task: the next
one mostly has the same.
"""

import os
import pickle
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import final

from sparktune.launch.local.process import WorkerProcess
from sparktune.launch.payload import TOGETHER_SECONDS, EncodedResult, StudyPayload
from sparktune.trial import Segment

VISIBLE = "CUDA_VISIBLE_DEVICES"


def run_on(
    addresses: Sequence[str], payload: StudyPayload, segments: Sequence[Segment], limit: int
) -> list[EncodedResult]:
    """`StudyPayload.run_segments` where these GPUs are all that is visible.

    Raises:
        WorkerLost: the process ended before the segments did.
        LaunchError: it cannot start.
    """
    process = _kept().process(",".join(addresses), payload)
    return process.run(segments, limit, TOGETHER_SECONDS)


@cache
def _kept() -> "_Kept":
    return _Kept()


@final
class _Kept:
    """The process of the last task on this worker. It ends with the worker, however that ends."""

    def __init__(self) -> None:
        self._sees: tuple[str, StudyPayload] | None = None
        self._process: WorkerProcess | None = None

    def process(self, visible: str, payload: StudyPayload) -> WorkerProcess:
        """A process that sees these GPUs; the last one where it does."""
        if self._process is None or self._sees != (visible, payload):
            if self._process is not None:
                self._process.close()
            self._process, self._sees = self._started(visible, payload), (visible, payload)
        return self._process

    def _started(self, visible: str, payload: StudyPayload) -> WorkerProcess:
        from pyspark import SparkFiles

        payload.check()  # brings the data to this host: the process knows nothing of Spark
        os.environ[VISIBLE] = visible
        folder = Path(SparkFiles.getRootDirectory()) / f"gpus-{os.getpid()}"
        folder.mkdir(exist_ok=True)
        (folder / "payload").write_bytes(pickle.dumps(replace(payload)))
        return WorkerProcess(folder, "worker", payload.cpus)
