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
    visible = ",".join(addresses)
    os.environ[VISIBLE] = visible  # for the process, whenever it starts
    return _last_process().for_gpus(visible, payload).run(segments, limit, TOGETHER_SECONDS)


@cache
def _last_process() -> "_LastProcess":
    return _LastProcess()


@final
class _LastProcess:
    """The process of the last task on this worker. It ends with the worker, however that ends."""

    def __init__(self) -> None:
        self._sees: tuple[str, StudyPayload] | None = None
        self._process: WorkerProcess | None = None

    def for_gpus(self, visible: str, payload: StudyPayload) -> WorkerProcess:
        """A process that sees these GPUs: the last one where it does, else a new one in its place."""
        if self._process is None or self._sees != (visible, payload):
            if self._process is not None:
                self._process.close()
            from pyspark import SparkFiles

            payload.check()  # brings the data to this host: the process knows nothing of Spark
            folder = Path(SparkFiles.getRootDirectory()) / f"gpus-{os.getpid()}"
            folder.mkdir(exist_ok=True)
            (folder / "payload").write_bytes(pickle.dumps(replace(payload)))
            self._process, self._sees = WorkerProcess(folder, "worker", payload.cpus), (visible, payload)
        return self._process
