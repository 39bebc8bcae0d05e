"""`python -m sparktune`."""

import subprocess
import sys

import sparktune.spec


def test_it_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sparktune", "schema"], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, sparktune.spec.json_schema() + "\n"), done.stderr


def test_its_exit_code_is_the_commands() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sparktune", "init", "mpl"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2
    assert done.stderr == "SpecError: unknown name 'mpl'; did you mean mlp? (kind of example)\n"
