"""A worker process, `python -m sparktune.launch.local.worker PAYLOAD FAULTS`: segments in, results out."""

import faulthandler
import json
import os
import pickle
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue

from sparktune.launch.local.process import READY, RunRequest
from sparktune.launch.memory import MemoryBound
from sparktune.launch.payload import StudyPayload


def main(payload: Path, faults: Path) -> None:
    """Serve segments until the driver closes the connection, which is standard input, or dies.

    A request is a RunRequest. The answer is JSON, `results` in number and whether the worker is `outgrown`
    and wants to be replaced, and two messages for each result: the record as JSON, the bytes of its model or
    checkpoint, or none. The first message of all is READY, or the traceback of what kept the worker from
    starting.
    """
    connection = Connection(os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # what a model reads is not for it
    with faults.open("w") as file:
        faulthandler.enable(file)
        try:
            study: StudyPayload = pickle.loads(payload.read_bytes())
            study.check()
        except Exception:  # noqa: BLE001 - unpickling runs the user's imports
            connection.send_bytes(traceback.format_exc().encode())
            return
        connection.send_bytes(READY)
        _serve(connection, study)


def _serve(connection: Connection, payload: StudyPayload) -> None:
    requests: SimpleQueue[RunRequest] = SimpleQueue()
    threading.Thread(target=_receive, args=(connection, requests), daemon=True).start()
    bound = MemoryBound()
    while True:
        request = requests.get()
        results = payload.run_segments(request.segments, request.limit, request.seconds)
        answer = {"results": len(results), "outgrown": bound.is_passed()}
        connection.send_bytes(json.dumps(answer).encode())
        for record, model in results:
            connection.send_bytes(record.encode())
            connection.send_bytes(model or b"")


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
