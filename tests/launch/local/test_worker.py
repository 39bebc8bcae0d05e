"""The worker's end: what it answers over its connection."""

import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from sparktune.data.host import share
from sparktune.launch.local.process import DONE, MODULE, READY, RESULT, RunRequest
from sparktune.launch.payload import StudyPayload
from sparktune.trial import Segment
from tests.launch import works
from tests.launch.contract import trial


class Worker:
    """A worker process and our end of its connection."""

    def __init__(self, folder: Path) -> None:
        self.connection, theirs = Pipe()
        with theirs:
            files = [str(folder / "payload"), str(folder / "faults")]
            self.process = subprocess.Popen([sys.executable, "-m", MODULE, *files], stdin=theirs.fileno())

    def ask(self, *segments: Segment, seconds: float = 0.0) -> list[dict[str, object]]:
        RunRequest(segments, seconds=seconds).send(self.connection)
        results = []
        while (kind := self.connection.recv_bytes()) == RESULT:
            results.append(self._result(self.connection))
        assert kind == DONE
        return results

    @staticmethod
    def _result(connection: Connection) -> dict[str, object]:
        record, model = json.loads(connection.recv_bytes()), connection.recv_bytes()
        return {**record, "bytes": model}


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    shared = share(works.tiny_data())
    spec = works.tiny_spec(trial_seconds=1e10)  # more than the worker's timer takes
    payload = StudyPayload(spec.model_dump_json(), shared.key, pickle.dumps(works.act))
    (tmp_path / "payload").write_bytes(pickle.dumps(payload))
    worker = Worker(tmp_path)
    yield worker
    worker.process.kill()
    worker.process.wait()
    shared.close()


def test_it_answers_as_many_segments_as_there_was_time_for(worker: Worker) -> None:
    assert worker.connection.recv_bytes() == READY
    segments = [Segment(trial(number, do="value")) for number in range(3)]
    assert [result["trial"] for result in worker.ask(*segments)] == [0]
    results = worker.ask(*segments, seconds=60.0)
    assert [(result["trial"], result["bytes"]) for result in results] == [
        (n, b"\x00weights") for n in range(3)
    ]


def test_an_error_of_the_trial_is_an_answer(worker: Worker) -> None:
    assert worker.connection.recv_bytes() == READY
    (result,) = worker.ask(Segment(trial(do="blunder")))
    assert result["state"] == "FAILED"
    assert "no such optimizer" in str(result["error"])
    assert result["bytes"] == b""


def test_it_ends_with_the_connection_in_the_middle_of_a_trial(worker: Worker, tmp_path: Path) -> None:
    assert worker.connection.recv_bytes() == READY
    request = RunRequest((Segment(trial(do="beat", pulse=str(tmp_path / "pulse"))),))
    request.send(worker.connection)
    worker.connection.close()
    assert worker.process.wait(30) == 0


def test_what_keeps_it_from_starting_is_its_first_message(tmp_path: Path) -> None:
    (tmp_path / "payload").write_bytes(b"no pickle")
    worker = Worker(tmp_path)
    assert b"UnpicklingError" in worker.connection.recv_bytes()
    assert worker.process.wait(30) == 0
