"""Modules in forks of a fork server, and in new processes where there is none."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from sparktune.launch.forkserver.client import ADDRESS, ForkServer, fork, serving
from sparktune.temporary import driver_folder
from tests.launch.forks import alive, run_module, until, write_modules

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks are for Linux")
LITTER = (
    "import tempfile, time; tempfile.mkstemp(); tempfile.mkdtemp(); print('left', flush=True); time.sleep(60)"
)
LITTERING_DRIVER = """
import tempfile, time
from sparktune.launch import ForkedCall, ForkServer
from sparktune.temporary import driver_folder
server = ForkServer()
call = ForkedCall("fork_litter", "")
while len(list(driver_folder().glob("tmp*"))) < 2:
    time.sleep(0.05)
print(driver_folder(), flush=True)
time.sleep(60)
"""
DRIVER = """
import time
from sparktune.launch import ForkedCall, ForkServer
server = ForkServer()
print(server._process.pid, ForkedCall("fork_process", "").answer().split()[0], server.address, flush=True)
time.sleep(60)
"""


def parent_of_a_fork() -> int:
    """Who started the process that runs a module."""
    return int(run_module("fork_process", "").split()[1])


def test_a_request_waits_until_tensorflow_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_modules(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with ForkServer() as server:
        assert run_module("fork_loaded", "").strip() == "True"
        started = time.perf_counter()
        assert parent_of_a_fork() == server._process.pid
        assert time.perf_counter() - started < 2


def test_its_folder_goes_before_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that is killed in between would leave the folder to nobody."""
    there = []
    with ForkServer() as server:
        kill, folder = server._process.kill, Path(server.address).parent
        monkeypatch.setattr(server._process, "kill", lambda: (there.append(folder.exists()), kill()))
        assert folder.exists()
    assert there == [False]


def test_without_a_server_a_new_process_runs_the_module(modules: Path) -> None:
    assert parent_of_a_fork() == os.getpid()


def test_a_killed_server_is_done_without(server: ForkServer) -> None:
    assert parent_of_a_fork() == server._process.pid
    server._process.kill()
    server._process.wait()
    assert parent_of_a_fork() == os.getpid()


def test_a_server_killed_while_a_request_waits_is_done_without(server: ForkServer) -> None:
    os.kill(server._process.pid, signal.SIGSTOP)
    killer = subprocess.Popen(["sh", "-c", f"sleep 0.5; kill -9 {server._process.pid}"])
    assert parent_of_a_fork() == os.getpid()
    killer.wait()


def test_the_address_is_gone_after_the_study(modules: Path) -> None:
    with ForkServer() as server:
        assert os.environ[ADDRESS] == server.address
    assert ADDRESS not in os.environ
    assert not Path(server.address).parent.exists()
    with pytest.raises(OSError):
        fork("fork_silent", [], [0, 1, 2])


def test_serving_is_known(server: ForkServer) -> None:
    assert serving()
    server._process.kill()
    server._process.wait()
    assert not serving()


def test_nobody_serves_without_a_server(modules: Path) -> None:
    assert not serving()


def test_a_later_server_keeps_its_address(modules: Path) -> None:
    with ForkServer(), ForkServer() as later:
        pass
    assert ADDRESS not in os.environ
    first = ForkServer()
    with ForkServer() as later:
        first.__exit__(None, None, None)
        assert os.environ[ADDRESS] == later.address


def test_a_long_temporary_folder_is_no_hindrance(
    modules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("long" * 25)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    driver_folder.cache_clear()
    with ForkServer() as server:
        assert driver_folder().parent == long
        assert parent_of_a_fork() == server._process.pid
    driver_folder.cache_clear()


def test_a_fork_outlives_the_server(server: ForkServer, modules: Path) -> None:
    (modules / "fork_nap.py").write_text("import time; print('up', flush=True); time.sleep(1.5)")
    with tempfile.TemporaryFile("w+") as printed:
        forked = fork("fork_nap", [], [0, printed.fileno(), 2])
        server.__exit__(None, None, None)
        assert forked.wait() == 0


def test_the_server_ends_with_a_killed_driver(modules: Path) -> None:
    path = os.pathsep.join([str(modules), *filter(None, sys.path)])
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER], env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE
    )
    with driver:
        assert driver.stdout is not None
        server, _, address = driver.stdout.readline().split()
        assert alive(int(server))
        driver.kill()
    assert until(lambda: not alive(int(server)))
    assert not Path(address.decode()).parent.exists()


def test_what_the_forks_of_a_killed_driver_left_is_gone_with_the_next_driver(
    modules: Path, tmp_path: Path
) -> None:
    (modules / "fork_litter.py").write_text(LITTER)
    place = tmp_path / "temporary"
    place.mkdir()
    path = os.pathsep.join([str(modules), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": path, "TMPDIR": str(place)}
    command = [sys.executable, "-c", LITTERING_DRIVER]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        folder = Path(killed.stdout.readline().strip())
        killed.kill()
    assert list(place.iterdir()) == [folder]
    subprocess.run(
        [sys.executable, "-c", "from sparktune.temporary import driver_folder as own; own()"],
        env=environment,
        check=True,
    )
    assert list(place.iterdir()) == []
