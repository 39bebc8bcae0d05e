"""The command, run in this process or in one of its own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sparktune.cli import main

HEAVY = ("tensorflow", "keras", "mlflow", "pyspark", "pandas", "pyarrow", "numpy", "sklearn")
LOADED = """
import atexit, sys
atexit.register(lambda: print("loaded:", *sorted({%r} & set(sys.modules)), file=sys.stderr))
from sparktune.cli import main
main(sys.argv[1:])
"""


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of the command; with `--json` give `capfd`, as descriptors are moved."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    captured = capsys.readouterr()
    code = ended.value.code
    return code if isinstance(code, int) else 0, captured.out, captured.err


def documented(command: str) -> set[str]:
    """The names of a command's JSON document, as docs/cli.md lists them."""
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| `{command}` \| (.*) \|$", page, re.MULTILINE)
    assert row is not None
    return set(re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", row[1])))


def heavy_modules(*arguments: str, heavy: tuple[str, ...] = HEAVY) -> list[str]:
    """Which of these libraries the command has loaded when it ends, which it must do well."""
    code = LOADED.replace("{%r}", repr(set(heavy)))
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.rpartition("loaded:")[2].split()
