import os
import re
import subprocess
import sys
from contextlib import contextmanager

import pytest
import yaml

import sparktune
from sparktune.cli import main
from sparktune.cli.app import app
from sparktune.errors import StudyFailed
from sparktune.launch.forkserver.client import ADDRESS
from tests.cli.command import heavy_modules, run

pytestmark = pytest.mark.usefixtures("fork_server")
COMMANDS = [command.name for command in app.registered_commands]
STUDY = {"search": {"space": {"neurons": [1, 2]}}, "data": {"source": "digits"}}


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(STUDY))
    return tmp_path / "study.yaml"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(capsys, command):
    code, out, _ = run(capsys, command, "--help")
    assert code == 0
    assert "Usage" in out


def test_every_command_shows_an_example(capsys):
    assert COMMANDS
    for command in COMMANDS:
        assert f"sparktune {command}" in run(capsys, command, "--help")[1].partition("Example")[2]


def test_the_version_is_the_packages(capsys):
    assert run(capsys, "--version") == (0, f"sparktune {sparktune.__version__}\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands(shell):
    words = {"_SPARKTUNE_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": "sparktune s"}
    words |= {"COMP_WORDS": "sparktune s", "COMP_CWORD": "1", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    done = subprocess.run(
        [sys.executable, "-m", "sparktune"], env={**os.environ, **words}, capture_output=True, text=True
    )
    assert {"score", "sync", "schema"} <= set(re.findall(r"\w+", done.stdout)), done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["init"], ["schema"]], ids=" ".join)
def test_what_needs_no_heavy_library_loads_none(arguments):
    assert heavy_modules(*arguments) == []


def test_help_shows_examples_and_exit_codes(capsys):
    _, out, _ = run(capsys, "tune", "--help")
    assert "sparktune tune --config study.yaml" in out
    assert "130 interrupted" in " ".join(out.split())


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("training.epochs=-1", ["training.epochs", "-1"]),
        ("training.epoch=1", ["epoch", "epochs"]),
        ("search.space.neurons=[]", ["neurons"]),
        ("search.space.neurons=[1,1]", ["twice"]),
        ("search.space.neurons=[true]", ["neurons", "True"]),
        ("objective.metric=val_acuracy", ["val_accuracy"]),
        ("data={source: npz, path: nowhere.npz}", ["nowhere.npz"]),
        ("tracking.uri=http://me:secret@host", ["credentials"]),
        ("tracking.uri=http://127.0.0.1:9", ["127.0.0.1:9", "offline"]),
        ("model={builder: 'nowhere:build'}", ["nowhere"]),
    ],
)
def test_bad_input_exits_with_2_and_says_what_to_do(capsys, config, override, words):
    code, out, err = run(capsys, "tune", "--config", str(config), "--set", override)
    assert code == 2
    assert out == ""
    for word in words:
        assert word in err
    assert "secret" not in err
    assert "Traceback" not in err
    assert not (config.parent / "studies").exists()


def test_a_missing_file_is_bad_input(capsys, config):
    code, _, err = run(capsys, "tune", "--config", "nowhere.yaml")
    assert code == 2
    assert "nowhere.yaml" in err


def test_no_such_option_is_bad_input(capsys):
    assert run(capsys, "tune", "--confg", "x")[0] == 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks are for Linux")
@pytest.mark.parametrize("wanted", [True, False])
def test_tensorflow_is_being_loaded_when_the_study_starts_if_it_wants_that(monkeypatch, config, wanted):
    events = []

    @contextmanager
    def server():
        events.append("begun")
        try:
            yield
        finally:
            events.append("ended")

    def study():
        events.append("study")
        raise StudyFailed("on purpose")

    monkeypatch.delenv(ADDRESS)
    monkeypatch.setattr("sparktune.launch.forkserver.client.ForkServer", server)
    monkeypatch.setattr("sparktune.cli.tune.tune_with_progress", lambda *_, **__: study())
    with pytest.raises(SystemExit):
        main(["tune", "--config", str(config), "--set", f"resources.preload={wanted}".lower()])
    assert events == (["begun", "study", "ended"] if wanted else ["begun", "ended", "study"])


@pytest.mark.parametrize(
    "value", ["x" * 300, "x" * 5000, "d/" * 200, "a\nb"], ids=["300", "5000", "deep", "line"]
)
@pytest.mark.parametrize(
    "arguments",
    [
        ["tune", "--config", "{}"],
        ["tune", "--config", "study.yaml", "--set", "output.directory={}"],
        ["tune", "--config", "study.yaml", "--set", "data={{source: csv, label: y, path: {}}}"],
        ["tune", "--config", "study.yaml", "--set", "tracking.uri={}"],
        ["tune", "--config", "study.yaml", "--set", "search.space.{}=[1]"],
        ["tune", "--config", "study.yaml", "--set", "{}=1"],
        ["score", "--model", "{}", "--input", "a", "--output", "b"],
        ["score", "--model", "a", "--input", "{}", "--output", "b"],
        ["score", "--model", "a", "--input", "a", "--output", "{}"],
        ["sync", "{}"],
        ["init", "mlp", "--output", "{}"],
        ["demo", "--directory", "{}"],
    ],
    ids=lambda arguments: "-".join(a for a in arguments[:-1] if a.isalpha()),
)
def test_a_place_or_name_that_nothing_takes_is_one_line(capsys, config, arguments, value):
    if "\n" in value and "=" in arguments[-1] and not arguments[-1].startswith(("{}", "search")):
        value = '"a\\nb"'  # in YAML, where a line end in plain text is a space
    code, out, err = run(capsys, *(argument.format(value) for argument in arguments))
    assert (code, out) == (2, "")
    assert err.strip().count("\n") == 0
    assert len(err) < 700
    assert {path.name for path in config.parent.iterdir()} == {"study.yaml"}


INTERRUPTED = """
import sparktune.cli.app
from sparktune.cli import main

def interrupted(*_):
    exec("raise KeyboardInterrupt")  # as dataclasses are made when a module is imported

sparktune.cli.app.main = interrupted
main(["check"])
"""


def test_an_interrupt_is_exit_code_130_wherever_it_came_up():
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=60)
    assert done.returncode == 130
    assert done.stderr == "interrupted; run the same command again\n"
