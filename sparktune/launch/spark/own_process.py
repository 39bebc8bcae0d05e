"""Trials in a process of their own beside Spark's Python worker: on a GPU, and where they have limits.

Spark grants addresses of GPUs task by task and uses a Python worker for many tasks, but CUDA looks at what is
visible only once in a process. So a worker keeps a process for the addresses of its last task: the next one
mostly has the same. A trial that passes a limit ends with its process, and the task returns that: if the
Python worker itself ended, Spark would train the trial again.
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

VISIBLE, NO_GPUS = "CUDA_VISIBLE_DEVICES", "-1"


def run_apart(
    visible: str, payload: StudyPayload, segments: Sequence[Segment], limit: int
) -> list[EncodedResult]:
    """`StudyPayload.run_segments` in another process, within the limits of the study.

    Args:
        visible: addresses of the GPUs that are all the process sees, as CUDA's variable has them.
        payload: the study.
        segments: those of a job.
        limit: bytes of all results together.

    Raises:
        WorkerLost: the process ended before the segments did.
        LaunchError: it cannot start.
    """
    os.environ[VISIBLE] = visible  # for the process, whenever it starts
    return _last_process().seeing(visible, payload).run(segments, limit, TOGETHER_SECONDS)


@cache
def _last_process() -> "_LastProcess":
    return _LastProcess()


@final
class _LastProcess:
    """The process of the last task on this worker. It ends with the worker, however that ends."""

    def __init__(self) -> None:
        self._sees: tuple[str, StudyPayload] | None = None
        self._process: WorkerProcess | None = None

    def seeing(self, visible: str, payload: StudyPayload) -> WorkerProcess:
        """A process that sees these GPUs: the last one where it does, else a new one in its place."""
        if self._process is None or self._sees != (visible, payload):
            if self._process is not None:
                self._process.close()
            from pyspark import SparkFiles

            payload.check()  # brings the data to this host: the process knows nothing of Spark
            folder = Path(SparkFiles.getRootDirectory()) / f"trials-{os.getpid()}"
            folder.mkdir(exist_ok=True)
            (folder / "payload").write_bytes(pickle.dumps(replace(payload)))
            self._process = WorkerProcess(folder, "worker", payload.cpus, payload.limits)
            self._sees = (visible, payload)
        return self._process
