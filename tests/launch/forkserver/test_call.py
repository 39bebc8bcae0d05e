"""Modules that are asked once, in forks and in new processes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparktune.errors import LaunchError
from sparktune.launch.forkserver.call import ForkedCall, NoAnswer
from sparktune.launch.forkserver.client import ForkServer
from tests.launch.forks import alive, run_module, until

DRIVER = """
import os, sys, time
from sparktune.launch.forkserver.call import ForkedCall
from sparktune.launch.forkserver.client import ADDRESS, ForkServer
from sparktune.launch.forkserver.dialogue import ForkedDialogue
server = ForkServer()
forks = ForkedCall("fork_spin", ""), ForkedDialogue("fork_spin", "")
del os.environ[ADDRESS]
processes = ForkedCall("fork_spin", ""), ForkedDialogue("fork_spin", "")
time.sleep(60)
"""
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks are for Linux")


@pytest.fixture(params=["fork", "process"])
def way(request: pytest.FixtureRequest, modules: Path) -> Iterator[Path]:
    """The folder of modules, with a fork server and without."""
    if request.param == "process":
        yield modules
        return
    with ForkServer():
        yield modules


def test_a_module_reads_what_is_given_and_its_output_comes_back(way: Path) -> None:
    long = "möchte mehr\n" * 20_000
    assert run_module("fork_echo", long).strip() == long.upper().strip()


@pytest.mark.parametrize(
    ("module", "how"),
    [
        ("fork_silent", "exited with code 0"),
        ("fork_vanish", "exited with code 3"),
        ("fork_broken", "exited with code 1"),
        ("fork_killed", "was killed by SIGKILL"),
        ("fork_crash", "was killed by SIGSEGV"),
    ],
)
def test_no_answer_is_an_error_that_says_how_the_module_ended(way: Path, module: str, how: str) -> None:
    with pytest.raises(LaunchError, match=f"{module} {how} without an answer") as raised:
        run_module(module, "")
    assert isinstance(raised.value, NoAnswer)
    assert raised.value.how == how


def test_an_answer_may_be_waited_for_with_a_bound_and_again(way: Path) -> None:
    (way / "fork_slow.py").write_text("import time; time.sleep(1.5); print('done')")
    with ForkedCall("fork_slow", "") as call:
        with pytest.raises(NoAnswer, match=r"fork_slow did not end within 0.2 s"):
            call.answer(0.2)
        assert call.answer(30).strip() == "done"


def test_what_a_module_prints_beside_its_answer_is_no_part_of_it(way: Path) -> None:
    assert run_module("fork_chatty", "") == "the answer"


def test_leaving_ends_a_module_that_still_runs(way: Path) -> None:
    (way / "fork_dream.py").write_text(
        f"import os, time; open({str(way / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    )
    started = time.monotonic()
    with ForkedCall("fork_dream", ""):
        assert until(lambda: (way / "pid").is_file() and (way / "pid").read_text() != "")
    assert until(lambda: not alive(int((way / "pid").read_text())))
    assert time.monotonic() - started < 30


@pytest.mark.fault("the driver is SIGKILLed: what exports or tries a builder is gone, too")
def test_a_module_is_gone_with_a_driver_that_is_killed_though_it_keeps_pythons_lock(modules: Path) -> None:
    begin = f"open({str(modules)!r} + f'/{{os.getpid()}}.spins', 'w')"
    (modules / "fork_spin.py").write_text(f"import os, re; {begin}; re.match(r'(a+)+$', 'a' * 60 + 'b')")
    path = os.pathsep.join([str(modules), *filter(None, sys.path)])
    with subprocess.Popen([sys.executable, "-c", DRIVER], env={**os.environ, "PYTHONPATH": path}) as driver:
        assert until(lambda: len([*modules.glob("*.spins")]) == 4)
        spinning = [int(file.stem) for file in modules.glob("*.spins")]
        assert all(map(alive, spinning))
        driver.kill()
    assert until(lambda: not any(map(alive, spinning)), 5)


def test_an_interrupt_of_the_terminal_is_for_the_driver_alone(way: Path) -> None:
    (way / "fork_group.py").write_text("import os; print(os.getpgrp())")
    assert int(run_module("fork_group", "")) != os.getpgrp()
