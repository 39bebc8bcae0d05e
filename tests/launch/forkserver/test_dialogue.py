"""Modules that are asked again and again, in forks and in new processes."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparktune.launch.forkserver.call import NoAnswer
from sparktune.launch.forkserver.client import ForkServer
from sparktune.launch.forkserver.dialogue import ForkedDialogue

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks are for Linux")


@pytest.fixture(params=["fork", "process"])
def dialogue(request: pytest.FixtureRequest, modules: Path) -> Iterator[ForkedDialogue]:
    """With a module that repeats what it is asked, in a fork and in a new process."""
    if request.param == "process":
        with ForkedDialogue("fork_answers", "good day") as dialogue:
            yield dialogue
        return
    with ForkServer(), ForkedDialogue("fork_answers", "good day") as dialogue:
        yield dialogue


def test_each_line_has_its_answer(dialogue: ForkedDialogue) -> None:
    long = "mehr " * 50_000
    answers = [dialogue.ask(line, 60) for line in ("one", long, "two")]
    assert answers == ["good day one", f"good day {long.strip()}", "good day two"]


def test_a_module_that_ends_or_takes_too_long_gives_no_answer(dialogue: ForkedDialogue) -> None:
    with pytest.raises(NoAnswer, match=r"did not answer within 0\.2 s"):
        dialogue.ask("sleep", 0.2)
    with ForkedDialogue("fork_answers", "again") as other:
        assert other.ask("one", 60) == "again one"
        for _ in range(2):
            with pytest.raises(NoAnswer, match="exited with code 4"):
                other.ask("leave", 60)


def open_pipes() -> list[str]:
    links = [entry for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]
    return sorted(name for link in links if (name := str(link.readlink())).startswith("pipe:"))


@pytest.mark.usefixtures("modules")
def test_a_module_that_cannot_start_leaves_no_pipe_open(monkeypatch: pytest.MonkeyPatch) -> None:
    before = open_pipes()
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(FileNotFoundError):
        ForkedDialogue("fork_answers", "good day")
    assert open_pipes() == before
