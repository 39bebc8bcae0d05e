"""What a fork of the fork server becomes."""

import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from sparktune.launch.forkserver.client import ForkServer, fork
from tests.launch.forks import alive, until, without_tensorflow, write_modules

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks are for Linux")


@dataclass(frozen=True)
class Ended:
    """What a module left behind."""

    code: int
    printed: str
    complained: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    """One server for all tests; it could not load TensorFlow, and serves."""
    folder = tmp_path_factory.mktemp("modules")
    write_modules(folder)
    without_tensorflow(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setenv("COLOUR", "grey")
        patch.setenv("TASTE", "sour")
        with ForkServer() as server:
            yield server


def ran(name: str, arguments: Sequence[str] = ()) -> Ended:
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        code = fork(f"fork_{name}", arguments, [0, out.fileno(), err.fileno()]).wait()
        out.seek(0)
        err.seek(0)
        return Ended(code, out.read(), err.read())


def test_it_is_the_interpreter_that_the_caller_asked_for(
    server: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLOUR", "red")
    monkeypatch.delenv("TASTE")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "extra"), str(tmp_path)]))
    monkeypatch.chdir(tmp_path)
    ended = ran("self", ["--deep", "a b"])
    seen = json.loads(ended.printed)
    assert seen["name"] == "__main__"
    assert seen["argv"][1:] == ["--deep", "a b"]
    assert Path(seen["argv"][0]).stem == "fork_self"
    assert (seen["colour"], seen["taste"]) == ("red", None)
    assert seen["path"] == [str(tmp_path / "extra"), str(tmp_path)]
    assert seen["folder"] == str(tmp_path)
    assert ended.complained == "to standard error\n"


def test_modules_on_the_callers_path_are_found(
    server: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fork_late.py").write_text("print('found')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert ran("late").printed == "found\n"


@pytest.mark.parametrize("code", [0, 1, 3, 255])
def test_the_exit_code_comes_back(server: ForkServer, code: int) -> None:
    assert ran("leave", [str(code)]).code == code


def test_an_error_shows_its_traceback(server: ForkServer) -> None:
    ended = ran("broken")
    assert ended.code == 1
    assert "Traceback" in ended.complained
    assert "ValueError: no such layer" in ended.complained


def test_a_module_that_is_not_there_is_an_error(server: ForkServer) -> None:
    ended = ran("missing")
    assert ended.code == 1
    assert "fork_missing" in ended.complained


def test_a_message_on_leaving_is_shown(server: ForkServer) -> None:
    assert ran("complain") == Ended(1, "", "no such file\n")


@pytest.mark.parametrize(("name", "code"), [("vanish", 3), ("crash", -11), ("killed", -9), ("silent", 0)])
def test_it_is_known_how_a_fork_ended(server: ForkServer, name: str, code: int) -> None:
    assert ran(name).code == code


def test_children_that_live_on_do_not_hide_the_end(server: ForkServer) -> None:
    started = time.monotonic()
    assert ran("detach").code == 4
    assert time.monotonic() - started < 4


def test_many_forks_at_once_all_tell_how_they_ended(server: ForkServer) -> None:
    codes = [n % 7 for n in range(40)]
    forks = [fork("fork_leave", [str(code)], [0, 1, 2]) for code in codes]
    assert [forked.wait(30) for forked in forks] == codes


def test_temporary_files_go_where_the_caller_has_them(
    server: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fork_where.py").write_text("import tempfile; print(tempfile.gettempdir())")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert ran("where").printed.strip() == str(tmp_path)


def test_the_exit_code_is_that_of_the_module_not_of_its_children(server: ForkServer) -> None:
    assert ran("parent").code == 5


@pytest.mark.parametrize("message", [b"", b"\x00", (9).to_bytes(4, "big"), (4).to_bytes(4, "big") + b"nope"])
def test_a_caller_that_dies_while_it_asks_harms_nobody(server: ForkServer, message: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(server.address)
        caller.sendall(message)
    assert ran("leave", ["0"]).code == 0
    assert alive(server._process.pid)


def test_no_fork_stays_behind(server: ForkServer) -> None:
    ran("leave", ["0"])
    children = Path(f"/proc/{server._process.pid}/task/{server._process.pid}/children")
    assert until(lambda: not children.read_text().split())
