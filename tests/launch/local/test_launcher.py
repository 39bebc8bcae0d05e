"""LocalLauncher: the contract, and what is its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparktune.errors import LaunchError
from sparktune.launch import Launcher, LocalLauncher
from sparktune.trial import TrialState
from tests.launch import works
from tests.launch.contract import (
    LIMITS,
    PATIENCE,
    LauncherContract,
    LimitsContract,
    facts,
    gone,
    launched,
    started,
    trial,
    until,
)


class TestContract(LauncherContract):
    @pytest.fixture(scope="class")
    @classmethod
    def launcher(cls) -> Iterator[Launcher]:
        with started(LocalLauncher(works.act), works.tiny_spec(parallelism=2), works.tiny_data()) as launcher:
            yield launcher


class TestLimits(LimitsContract):
    @pytest.fixture(scope="class")
    @classmethod
    def limited(cls) -> Iterator[Launcher]:
        spec = works.tiny_spec(parallelism=1, **LIMITS)
        with started(LocalLauncher(works.act), spec, works.tiny_data()) as launcher:
            yield launcher


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    with started(LocalLauncher(works.act), works.tiny_spec(parallelism=1), works.tiny_data()) as launcher:
        yield launcher


def test_the_error_of_a_lost_worker_tells_its_end(launcher: Launcher) -> None:
    assert "killed by SIGKILL" in (launched(launcher, trial(do="killed")).result(PATIENCE).error or "")
    assert "exited with code 1" in (launched(launcher, trial(do="vanish")).result(PATIENCE).error or "")


def test_a_worker_serves_one_trial_after_another(launcher: Launcher) -> None:
    results = [launched(launcher, trial(n, do="value")).result(PATIENCE) for n in range(3)]
    processes = {facts(result)["process"] for result in results}
    assert len(processes) == 1


def test_close_ends_the_workers_and_refuses_trials() -> None:
    launcher = started(LocalLauncher(works.act), works.tiny_spec(parallelism=1), works.tiny_data())
    process = int(facts(launched(launcher, trial(do="value")).result(PATIENCE))["process"])
    launcher.close()
    launcher.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    with pytest.raises(LaunchError, match="closed"):
        launched(launcher, trial(do="value"))


def test_cores_are_shared_out_by_default() -> None:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with started(LocalLauncher(works.act), works.tiny_spec(cpus=2), works.tiny_data()) as launcher:
        assert launcher.slots() == max(1, (cores or 1) // 2)
        result = launched(launcher, trial(do="value")).result(PATIENCE)
    assert facts(result)["threads"] == "2"


def test_what_cannot_run_is_refused() -> None:
    with pytest.raises(LaunchError, match=r"resources.gpus must be 0 .* but got 1"):
        started(LocalLauncher(works.act), works.tiny_spec(gpus=1.0), works.tiny_data())
    with pytest.raises(LaunchError, match="importable module"):
        started(LocalLauncher(lambda t, s, d: works.act(t, s, d)), works.tiny_spec(), works.tiny_data())


def test_a_worker_that_cannot_start_is_no_fault_of_the_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    with started(LocalLauncher(works.act), works.tiny_spec(parallelism=1), works.tiny_data()) as launcher:
        monkeypatch.setattr(sys, "executable", "/bin/false")
        with pytest.raises(LaunchError, match="exited with code 1"):
            launched(launcher, trial(do="value")).result(PATIENCE)
        monkeypatch.undo()
        assert launched(launcher, trial(do="value")).result(PATIENCE).state is TrialState.COMPLETE


DRIVER = """
import sys, time
from sparktune.launch import LocalLauncher
from tests.launch import works
from tests.launch.contract import launched, started, trial
launcher = started(LocalLauncher(works.act), works.tiny_spec(parallelism=1), works.tiny_data())
launched(launcher, trial(do=sys.argv[3], pulse=sys.argv[1], log=sys.argv[2]))
time.sleep(60)
"""


@pytest.mark.parametrize("do", ["beat", "spin"])
def test_workers_end_with_a_driver_that_is_killed(tmp_path: Path, do: str) -> None:
    pulse, log = tmp_path / "pulse", tmp_path / "log"
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, pulse, log, do], cwd=Path(__file__).parents[3])
    until(log.exists)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    worker = int(log.read_text().split()[1])
    until(lambda: gone(worker), 5)


@pytest.mark.parametrize(
    ("resources", "sentences"),
    [
        ({}, []),
        ({"cpus": 10**4}, ["resources.cpus 10000 has no effect above "]),
        ({"parallelism": 10**4}, ["resources.parallelism 10000 has no effect above "]),
    ],
)
def test_what_the_machine_has_not_is_said(
    resources: dict[str, int], sentences: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    started(LocalLauncher(works.act), works.tiny_spec(**resources), works.tiny_data()).close()
    said = [record.getMessage() for record in caplog.records if record.name == "sparktune"]
    assert len(said) == len(sentences)
    assert all(line.startswith(sentence) for line, sentence in zip(said, sentences, strict=True))
