"""Bytecode that is valid wherever an archive is unpacked."""

import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from sparktune.packing.bytecode import with_bytecode
from sparktune.packing.entry import ArchiveEntry

ASK = "import answer; print(answer.VALUE)"


def unpacked(source: Path, folder: Path) -> Path:
    """The entries of one module, written as an archive would; returns its bytecode."""
    for entry in with_bytecode(ArchiveEntry("answer.py", source)):
        target = folder / entry.name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(source.read_bytes() if entry.content is None else entry.content)
    return target


@pytest.mark.parametrize("compiled", ["before", "never", "for an older source"])
def test_the_bytecode_is_that_of_the_source_and_is_used_unchecked(tmp_path: Path, compiled: str) -> None:
    source, folder = tmp_path / "answer.py", tmp_path / "unpacked"
    folder.mkdir()
    if compiled == "for an older source":
        source.write_text("VALUE = 41  # one less\n")
        py_compile.compile(str(source), doraise=True)
    source.write_text("VALUE = 42\n")
    if compiled == "before":
        py_compile.compile(str(source), doraise=True)
    bytecode = unpacked(source, folder)
    (folder / "answer.py").write_text("VALUE = 'the source was read'\n")  # to tell them apart
    os.utime(bytecode, (0, 0))
    done = subprocess.run([sys.executable, "-c", ASK], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout == "42\n"


@pytest.mark.parametrize(("name", "text"), [("template.py", "{{ name }} = 1"), ("notes.txt", "x = 1")])
def test_what_is_no_python_has_no_bytecode(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    entry = ArchiveEntry(name, tmp_path / name)
    assert with_bytecode(entry) == [entry]
