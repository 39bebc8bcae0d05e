"""A worker process, `python -m sparktune.launch.local.worker PAYLOAD FAULTS`: segments in, results out."""

import faulthandler
import os
import pickle
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue

from sparktune.launch.local.process import DONE, OUTGROWN, READY, RESULT, SHOW_STACK, RunRequest
from sparktune.launch.memory import MemoryBound, own_memory
from sparktune.launch.payload import StudyPayload
from sparktune.signals import end_with_parent


def main(payload: Path, faults: Path) -> None:
    """Serve segments until the driver closes the connection, which is standard input, or dies.

    A request is a RunRequest. Each result is three messages, sent when it is there: RESULT, the record as
    JSON, the bytes of its model or checkpoint, or none. After the last one follows DONE, or OUTGROWN where
    the worker wants to be replaced. The first message of all is READY, or the traceback of what kept the
    worker from starting.
    """
    # The end of the connection says so, too, but not to a call that keeps Python's lock.
    end_with_parent()  # who has started it, or the fork server, which kills it when its caller is gone
    connection = Connection(os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # what a model reads is not for it
    with faults.open("w") as file:
        faulthandler.enable(file)
        faulthandler.register(SHOW_STACK, file, all_threads=False)  # needs no lock of Python's
        try:
            study: StudyPayload = pickle.loads(payload.read_bytes())
            study.check()
        except Exception:  # noqa: BLE001 - unpickling runs the user's imports
            connection.send_bytes(traceback.format_exc().encode(errors="backslashreplace"))
            return
        connection.send_bytes(READY)
        _serve(connection, study)


def _serve(connection: Connection, payload: StudyPayload) -> None:
    requests: SimpleQueue[RunRequest] = SimpleQueue()
    threading.Thread(target=_receive, args=(connection, requests), daemon=True).start()
    bound, limit = MemoryBound(), payload.limits.memory
    if limit is not None:  # else what one trial leaves behind would add to what the next one takes
        bound = MemoryBound(limit // 2, own_memory())
    while True:
        request = requests.get()
        for record, content in payload.run_segments(request.segments, request.limit, request.seconds):
            for message in (RESULT, record.encode(), content or b""):
                connection.send_bytes(message)
        connection.send_bytes(OUTGROWN if bound.is_passed() else DONE)


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
