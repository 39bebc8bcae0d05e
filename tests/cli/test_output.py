"""What goes to standard output, and what to standard error."""

import io
import json
import logging
import math
import os
import subprocess
import sys

import pytest
from rich.table import Table

from sparktune.cli import main
from sparktune.cli.output import show, size_text, write_document, write_error
from sparktune.errors import InputError
from tests.cli.command import run
from tests.report.ledgers import finished

CHATTY = """
import os, sys, typer
from sparktune.cli import app, main
from sparktune.cli.output import Output, with_output

@with_output
def chatty(output: Output):
    print("a library prints")
    os.system("echo a process prints")
    output.note("a note")
    output.answer({"answer": 42}, "the answer is 42")

app.app.command("chatty")(chatty)
main(["chatty", *sys.argv[1:]])
"""


def chatty(*arguments: str) -> tuple[str, str]:
    """Output and errors of a command whose libraries and processes print, too."""
    done = subprocess.run([sys.executable, "-c", CHATTY, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_with_json_standard_output_has_the_document_alone() -> None:
    out, err = chatty("--json")
    assert json.loads(out) == {"answer": 42}
    assert set(err.splitlines()) == {"a library prints", "a process prints", "a note"}


def test_without_json_standard_output_is_for_people() -> None:
    out, err = chatty()
    assert "the answer is 42" in out.splitlines()
    assert err == "a note\n"


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (["init", "nope"], "SpecError", "nope"),
        (["init", "mlp", "--nope"], "UsageError", "--nope"),
        (["nope"], "UsageError", "nope"),
        (["check"], "UsageError", "--config"),
        (["show", "study", "one"], "UsageError", "TRIAL"),
    ],
    ids=["input", "option", "command", "missing", "value"],
)
def test_an_error_is_a_document_too(capfd, arguments, kind, words) -> None:
    code, out, err = run(capfd, *arguments, "--json")
    error = json.loads(out)["error"]
    assert (code, error["type"], error["exit_code"]) == (2, kind, 2)
    assert words in err
    assert words in error["message"]


@pytest.mark.parametrize(
    ("raised", "kind", "message"),
    [
        (KeyError("lost"), "KeyError", "'lost'"),
        (SystemExit("the end"), "SystemExit", "the end"),
        (SystemExit(1), "SystemExit", "see standard error"),
    ],
    ids=["exception", "text", "number"],
)
def test_what_nobody_expected_is_a_document_too(capfd, monkeypatch, raised, kind, message) -> None:
    def fail(*_: object) -> None:
        raise raised

    monkeypatch.setattr("sparktune.launch.orphans.find_orphans", fail)
    with pytest.raises(type(raised)):
        main(["clean", "--json"])
    expected = {"type": kind, "message": message, "exit_code": 1}
    assert json.loads(capfd.readouterr().out) == {"error": expected}


@pytest.mark.parametrize(
    ("option", "level"), [("--quiet", logging.ERROR), ("--verbose", logging.INFO), ("-q", logging.ERROR)]
)
def test_how_much_is_logged(capsys, option, level) -> None:
    assert run(capsys, "init", option)[0] == 0
    assert logging.getLogger("sparktune").level == level
    assert run(capsys, "init")[0] == 0
    assert logging.getLogger("sparktune").level == logging.WARNING


def test_words_of_the_user_are_printed_as_they_are(capfd) -> None:
    words = "'[/b] :x:\t:cat:'" + " and on" * 50
    table = Table("word")
    table.add_row("[/b] :cat:")
    show(words, table)
    out, _ = capfd.readouterr()
    assert out.startswith(f"{words}\n")
    assert "[/b] :cat:" in out
    write_error(InputError(words), None)
    assert capfd.readouterr().err == f"InputError: {words}\n"


def test_a_terminal_that_lacks_a_letter_shows_its_number(tmp_path) -> None:
    folder = finished(tmp_path / "学")
    command = [sys.executable, "-m", "sparktune", "report", str(folder)]
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{tmp_path}/\\u5b66/report.html\n"


def test_a_size_is_never_shown_as_nothing() -> None:
    assert [size_text(size) for size in (6_400, 2_500_000)] == ["6.4 kB", "2.5 MB"]


def test_a_document_has_null_for_what_json_cannot_write() -> None:
    file = io.StringIO()
    write_document(file, {"history": {"loss": [1.5, math.nan, math.inf]}, "rows": (1, None), "text": "NaN"})
    expected = {"history": {"loss": [1.5, None, None]}, "rows": [1, None], "text": "NaN"}
    assert json.loads(file.getvalue(), parse_constant=pytest.fail) == expected
