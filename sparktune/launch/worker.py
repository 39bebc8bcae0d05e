"""A local worker process, `python -m sparktune.launch.worker CARGO FAULTS`: trials in, parcels out."""

import faulthandler
import os
import pickle
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue

from sparktune.launch.process import READY
from sparktune.launch.task import Cargo
from sparktune.trial import Trial


def main(cargo: Path, faults: Path) -> None:
    """Serve trials until the driver closes the connection, which is standard input, or dies.

    Each trial arrives as JSON; its result leaves as two messages: the record as JSON, the model's bytes or
    none. The first message is READY, or the traceback of what kept the worker from starting.
    """
    connection = Connection(os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # what a model reads is not for it
    with faults.open("w") as file:
        faulthandler.enable(file)
        try:
            load = _load(cargo)
        except Exception:  # noqa: BLE001 - unpickling runs the user's imports
            connection.send_bytes(traceback.format_exc().encode())
            return
        connection.send_bytes(READY)
        _serve(connection, load)


def _load(path: Path) -> Cargo:
    with path.open("rb") as file:
        cargo: Cargo = pickle.load(file)
    cargo.check()
    return cargo


def _serve(connection: Connection, cargo: Cargo) -> None:
    inbox: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=(connection, inbox), daemon=True).start()
    while True:
        record, model = cargo.run(Trial.from_json(inbox.get()))
        connection.send_bytes(record.encode())
        connection.send_bytes(model or b"")


def _listen(connection: Connection, inbox: "SimpleQueue[str]") -> None:
    """Take trials as they come; end the process when the driver is gone, also in the middle of a trial."""
    while True:
        try:
            inbox.put(connection.recv_bytes().decode())
        except (EOFError, OSError):
            os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
