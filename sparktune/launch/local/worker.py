"""A worker process, `python -m sparktune.launch.local.worker PAYLOAD FAULTS`: segments in, results out."""

import faulthandler
import os
import pickle
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import TextIO

from sparktune.launch.limits import Limits
from sparktune.launch.local.process import DONE, OUTGROWN, READY, RESULT, SHOW_STACK, RunRequest
from sparktune.launch.memory import MemoryBound, own_memory
from sparktune.launch.payload import StudyPayload
from sparktune.signals import end_with_parent
from sparktune.trial import Segment

GRACE = 5.0  # seconds after which a worker whose parent is gone ends a trial that has passed its time


def main(payload: Path, faults: Path) -> None:
    """Serve segments until the driver closes the connection, which is standard input, or dies.

    A request is a RunRequest. Each result is three messages, sent when it is there: RESULT, the record as
    JSON, the bytes of its model or checkpoint, or none. After the last one follows DONE, or OUTGROWN where
    the worker wants to be replaced. The first message of all is READY, or the traceback of what kept the
    worker from starting.
    """
    # The end of the connection says so, too, but not to a call that keeps Python's lock.
    end_with_parent()  # the fork server or who else has started it
    connection = Connection(os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # what a model reads is not for it
    with faults.open("w") as file:
        faulthandler.enable(file)
        faulthandler.register(SHOW_STACK, file, all_threads=False)  # needs no lock of Python's
        try:
            study: StudyPayload = pickle.loads(payload.read_bytes())
            study.check()
        except Exception:  # noqa: BLE001 - unpickling runs the user's imports
            connection.send_bytes(traceback.format_exc().encode())
            return
        connection.send_bytes(READY)
        _serve(connection, study, file)


def _serve(connection: Connection, payload: StudyPayload, faults: TextIO) -> None:
    requests: SimpleQueue[RunRequest] = SimpleQueue()
    threading.Thread(target=_receive, args=(connection, requests), daemon=True).start()
    limits, bound = payload.limits, MemoryBound()
    if limits.memory is not None:  # else what one trial leaves behind would add to what the next one takes
        bound = MemoryBound(limits.memory // 2, own_memory())
    while True:
        request = requests.get()
        with _ended_in_time(request.segments, limits, faults):
            for record, content in payload.run_segments(request.segments, request.limit, request.seconds):
                for message in (RESULT, record.encode(), content or b""):
                    connection.send_bytes(message)
        connection.send_bytes(OUTGROWN if bound.is_passed() else DONE)


@contextmanager
def _ended_in_time(segments: Sequence[Segment], limits: Limits, faults: TextIO) -> Iterator[None]:
    """End this process where segments take much too long: whoever watches their time may have been killed."""
    left = [limits.seconds_left(segment) for segment in segments]
    seconds = sum(each for each in left if each is not None)
    if limits.seconds is not None:
        most = min(seconds + GRACE, threading.TIMEOUT_MAX)  # what the timer takes: 292 years
        faulthandler.dump_traceback_later(most, exit=True, file=faults)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def _receive(connection: Connection, requests: "SimpleQueue[RunRequest]") -> None:
    """Take requests as they come; end the process when the driver is gone, also in the middle of a trial."""
    while True:
        try:
            requests.put(RunRequest.receive(connection))
        except (EOFError, OSError):
            os._exit(0)
        except BaseException:  # noqa: BLE001 - a request that nobody takes would be waited for without end
            traceback.print_exc()
            os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
