"""Modules that are asked once, in forks and in new processes."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparktune.errors import LaunchError
from sparktune.launch.forkserver.call import ForkedCall
from sparktune.launch.forkserver.client import ForkServer
from tests.launch.forks import alive, run_module, until

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


def test_no_answer_is_an_error(way: Path) -> None:
    with pytest.raises(LaunchError, match="fork_silent ended without an answer"):
        run_module("fork_silent", "")


def test_leaving_ends_a_module_that_still_runs(way: Path) -> None:
    (way / "fork_dream.py").write_text(
        f"import os, time; open({str(way / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    )
    started = time.monotonic()
    with ForkedCall("fork_dream", ""):
        assert until(lambda: (way / "pid").is_file() and (way / "pid").read_text() != "")
    assert until(lambda: not alive(int((way / "pid").read_text())))
    assert time.monotonic() - started < 30


def test_an_interrupt_of_the_terminal_is_for_the_driver_alone(way: Path) -> None:
    (way / "fork_group.py").write_text("import os; print(os.getpgrp())")
    assert int(run_module("fork_group", "")) != os.getpgrp()
