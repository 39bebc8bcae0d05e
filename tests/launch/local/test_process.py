"""A worker process from the driver's end: how it ended, when it is replaced."""

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from multiprocessing import Pipe
from pathlib import Path
from tempfile import gettempdir

import pytest

from sparktune.data.dataset import Dataset
from sparktune.data.host import share
from sparktune.errors import LaunchError
from sparktune.launch.descendants import ChildProcess
from sparktune.launch.forkserver.client import Fork, ForkServer
from sparktune.launch.limits import timed_out
from sparktune.launch.local.process import RunRequest, WorkerProcess
from sparktune.launch.memory import GROWTH
from sparktune.launch.payload import StudyPayload
from sparktune.launch.pending import WorkerLost
from sparktune.spec import StudySpec
from sparktune.trial import Segment, TrialResult, TrialState
from tests.chaos.processes import signal_all
from tests.launch import works
from tests.launch.contract import gone, trial, until


def worker_process(folder: Path, work: object = works.act, **resources: object) -> Iterator[WorkerProcess]:
    shared = share(works.tiny_data())
    payload = StudyPayload(works.tiny_spec(**resources).model_dump_json(), shared.key, pickle.dumps(work))
    (folder / "payload").write_bytes(pickle.dumps(payload))
    process = WorkerProcess(folder, "worker", 1, payload.limits)
    yield process
    process.close()
    shared.close()


def test_a_request_crosses_to_the_worker_unchanged() -> None:
    second = Segment(trial(2), 3, 4, "c", 0.5, checkpoint_bytes=bytes(range(256)))
    request = RunRequest((Segment(trial(1), end=2), second), limit=7, seconds=0.5)
    ours, theirs = Pipe()
    with ours, theirs:
        request.send(ours)
        assert RunRequest.receive(theirs) == request


@pytest.fixture(params=["fork", "process"])
def process(request: pytest.FixtureRequest, modules: Path) -> Iterator[WorkerProcess]:
    """A worker process, forked from a server and on its own."""
    if request.param == "process":
        yield from worker_process(modules)
        return
    with ForkServer():
        yield from worker_process(modules)


def run(process: WorkerProcess, **params: object) -> dict[str, str]:
    """What `works.value` tells of where it ran."""
    ((record, _),) = process.run([Segment(trial(**params))])
    told: dict[str, str] = json.loads(json.loads(record)["host"])
    return told


def test_how_a_worker_ended_is_told_truly_and_it_is_replaced(process: WorkerProcess) -> None:
    first = run(process, do="value")["process"]
    assert run(process, do="value")["process"] == first
    ends = {
        "exited with code 3": {"do": "depart", "code": 3},
        "exited with code 0": {"do": "depart", "code": 0},
        "was killed by SIGKILL": {"do": "killed"},
        "was killed by SIGSEGV": {"do": "crash"},
    }
    for how, params in ends.items():
        with pytest.raises(WorkerLost, match=f"the worker process {how}") as lost:
            run(process, **params)
        assert ("works.py" in str(lost.value)) == ("SIGSEGV" in how)  # a crash shows its stack
    assert run(process, do="value")["process"] != first


def test_kill_ends_a_run_under_way(process: WorkerProcess, tmp_path: Path) -> None:
    pulse = tmp_path / "pulse"
    lost: list[str] = []

    def beat() -> None:
        try:
            run(process, do="beat", pulse=str(pulse))
        except WorkerLost as error:
            lost.append(str(error))

    thread = threading.Thread(target=beat)
    thread.start()
    until(pulse.exists)
    process.kill()
    thread.join(30)
    assert lost == ["the worker process was killed by SIGKILL"]


@pytest.mark.fault("a trial that hangs has started processes: they end with its worker")
@pytest.mark.parametrize("forked", [True, False])
def test_what_a_trial_has_started_ends_with_its_worker(modules: Path, forked: bool) -> None:
    helper = modules / "helper"
    with ForkServer() if forked else nullcontext():
        for process in worker_process(modules, trial_seconds=1.0):
            run(process, do="employ", helper=str(helper))
            first = int(helper.read_text())
            assert not gone(first)
            process.close()
            until(partial(gone, first), 5)
            ((record, _),) = process.run([Segment(trial(do="employ", helper=str(helper), hangs=True))])
            assert TrialResult.from_record(json.loads(record)).state is TrialState.TIMED_OUT
            until(partial(gone, int(helper.read_text())), 5)


def test_a_process_is_not_let_go_while_it_is_killed(
    process: WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(process, do="value")
    close = threading.Thread(target=process.close)
    closed: list[bool] = []

    def slow_kill(_: object) -> None:
        if threading.current_thread() is close:
            return
        close.start()
        close.join(0.5)
        closed.append(not close.is_alive())

    with monkeypatch.context() as patch:
        for kind in (Fork, ChildProcess):
            patch.setattr(kind, "kill", slow_kill)
        process.kill()
        close.join(30)
    assert closed == [False]


def test_what_the_kernel_kills_for_want_of_memory_is_told_so(tmp_path: Path, little_memory: Path) -> None:
    for process in worker_process(tmp_path):
        little_memory.write_text(run(process, do="value")["process"])
        with pytest.raises(WorkerLost, match=r"SIGKILL\nthe kernel killed it.* had no memory left") as lost:
            run(process, do="hog")
        assert lost.value.state is TrialState.OUT_OF_MEMORY


def test_a_worker_that_has_outgrown_its_bound_answers_and_is_replaced(tmp_path: Path) -> None:
    for process in worker_process(tmp_path):
        before = run(process, do="value")["process"]
        assert run(process, do="grow", bytes=GROWTH + 2**26)["process"] == before
        after = run(process, do="value")["process"]
        assert after != before
        assert not Path(f"/proc/{before}").exists()
        assert run(process, do="grow", bytes=2**20)["process"] == after


def test_a_worker_that_keeps_more_than_half_of_a_trials_limit_is_replaced(tmp_path: Path) -> None:
    for process in worker_process(tmp_path, memory="200MB"):
        first = run(process, do="grow", bytes=5 * 10**7)["process"]
        assert run(process, do="grow", bytes=6 * 10**7)["process"] == first
        assert run(process, do="value")["process"] != first


def test_its_temporary_files_lie_beside_the_payload(tmp_path: Path) -> None:
    for process in worker_process(tmp_path, where):
        ((record, _),) = process.run([Segment(trial(do="value"))])
        assert json.loads(record)["host"] == str(tmp_path)


WATCHER = """
import sys
from pathlib import Path
from sparktune.launch.limits import Limits
from sparktune.launch.local.process import WorkerProcess
from sparktune.trial import Segment
from tests.launch.contract import trial

folder, do, seconds = sys.argv[1:]
process = WorkerProcess(Path(folder), "worker", 1, Limits(float(seconds)))
((record, _),) = process.run([Segment(trial(do=do, log=f"{folder}/attempts"))])
print(record)
"""


def watched_apart(folder: Path, do: str, seconds: float) -> "tuple[subprocess.Popen[str], int]":
    """A process that watches a worker, which has begun with what it is to `do`, and the worker's pid."""
    command = [sys.executable, "-c", WATCHER, str(folder), do, str(seconds)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    watcher = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    attempts = folder / "attempts"
    until(lambda: attempts.exists() and attempts.read_text().endswith("\n"))
    return watcher, int(attempts.read_text().split()[1])


@pytest.mark.fault("a host stands still (SIGSTOP) and comes back: no trial is lost or TIMED_OUT")
def test_a_host_that_stood_still_costs_no_trial_its_time(tmp_path: Path) -> None:
    for _ in worker_process(tmp_path, nap_and_say, trial_seconds=2.0):
        watcher, worker = watched_apart(tmp_path, "value", 2.0)
        with watcher:
            signal_all([watcher.pid, worker], signal.SIGSTOP)
            time.sleep(7.5)
            signal_all([watcher.pid, worker], signal.SIGCONT)
            record = watcher.communicate(timeout=60)[0]
        result = TrialResult.from_record(json.loads(record))
        assert result.state is TrialState.COMPLETE
        assert result.counted_seconds < 2.0 < 7.0 < result.seconds
        assert timed_out(result, 2.0) is None


@pytest.mark.parametrize("forked", [True, False])
def test_a_worker_whose_watcher_is_killed_ends_though_it_keeps_pythons_lock(
    modules: Path, forked: bool
) -> None:
    with ForkServer() if forked else nullcontext():
        for _ in worker_process(modules, trial_seconds=600.0):
            watcher, worker = watched_apart(modules, "spin", 600.0)
            with watcher:
                assert not gone(worker)
                watcher.kill()
            until(partial(gone, worker), 5)


def nap_and_say(segment: Segment, spec: StudySpec, data: Dataset) -> TrialResult:
    """Sleep for half a second, and say how long that took."""
    with Path(segment.trial.params["log"]).open("a") as file:
        file.write(f"1 {os.getpid()}\n")
    started = time.perf_counter()
    for _ in range(10):
        time.sleep(0.05)
    return works.result(segment.trial, timings={"train": time.perf_counter() - started})


def where(segment: Segment, spec: object, data: object) -> object:
    return works.result(segment.trial, host=gettempdir())


def test_a_worker_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = WorkerProcess(tmp_path, "worker", cpus=1)
    with pytest.raises(LaunchError, match=r"(?s)cannot start: Traceback .*No such file.*payload"):
        process.run([Segment(trial(do="value"))])
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(LaunchError, match="cannot start: the worker process exited with code 1"):
        process.run([Segment(trial(do="value"))])


def test_a_worker_lives_in_a_process_group_of_its_own(process: WorkerProcess) -> None:
    assert os.getpgid(int(run(process, do="value")["process"])) != os.getpgrp()
