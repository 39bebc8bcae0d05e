"""Standard output for one document alone; tests/jobs has it under spark-submit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, sys
from sparktune.cli.streams import document_alone
with document_alone() as document:
    print("a library")
    os.system("echo a process")
    document.write("the document")
print("after")
"""


def test_everything_else_goes_to_standard_error() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert done.stdout == "the documentafter\n"
    assert set(done.stderr.split("\n")) == {"a library", "a process", ""}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
@pytest.mark.parametrize("how", ["pipe", "append", "write"])
def test_under_java_it_is_the_parents_standard_error(tmp_path: Path, how: str) -> None:
    """A shell called java stands for spark-submit's, which sends both streams of Python to one."""
    java = tmp_path / "java"
    java.symlink_to("/bin/bash")
    log = tmp_path / "errors"
    script = f'{sys.executable} -c "$PROGRAM" 2>&1; true'
    environment = {**os.environ, "PYSPARK_GATEWAY_PORT": "1", "PROGRAM": PROGRAM}
    with log.open("a" if how == "append" else "w") as file:
        errors = subprocess.PIPE if how == "pipe" else file
        done = subprocess.run(
            [str(java), "-c", script], stdout=subprocess.PIPE, stderr=errors, env=environment, text=True
        )
    assert done.stdout == "the documentafter\n"
    lines = (done.stderr if how == "pipe" else log.read_text()).splitlines()
    assert set(lines) == (set() if how == "write" else {"a library", "a process"})
