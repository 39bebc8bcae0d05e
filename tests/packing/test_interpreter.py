"""Interpreters that can be moved, and those that cannot."""

import sys
from pathlib import Path
from shutil import copy2

import pytest

from sparktune.errors import InputError
from sparktune.packing import interpreter
from sparktune.packing.interpreter import check_movable, interpreter_entries


def test_one_of_another_system_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(InputError, match="cpython on darwin; pack it on a host like the executors"):
        check_movable()


def test_conda_packs_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "conda-meta").mkdir()
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    with pytest.raises(InputError, match=r"conda-pack.*conda pack --output environment\.tar\.gz"):
        check_movable()


def test_one_with_a_loader_of_its_own_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    loader = "/nix/store/glibc-2.40/lib/ld-linux-x86-64.so.2"
    monkeypatch.setattr(interpreter, "_patchelf", lambda *arguments: loader)
    with pytest.raises(InputError, match="loaded by /nix/store"):
        check_movable()


def test_without_patchelf_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "which", lambda *arguments, **options: None)
    with pytest.raises(InputError, match=r"pip install 'sparktune\[pack\]'"):
        check_movable()


def test_the_standard_library_comes_without_tests_and_windows(tmp_path: Path) -> None:
    entries = interpreter_entries(tmp_path)
    names = {entry.name for entry in entries}
    library = f"lib/{interpreter.NAME}"
    assert {
        "bin/python",
        f"bin/{interpreter.NAME}",
        f"{library}/os.py",
        f"{library}/json/decoder.py",
    } <= names
    assert not [n for n in names if n.startswith((f"{library}/test/", f"{library}/site-packages/"))]
    assert not [name for name in names if "_tkinter" in name or "libX11" in name or "libc.so" in name]
    assert {entry.name for entry in entries if entry.link} == {"bin/python", "bin/python3"}


def test_libraries_are_found_in_folders_with_a_space(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The loader of this host looks into a folder with copies of them first."""
    first, second, folder = (tmp_path / name for name in ("first", "second", "my libraries"))
    for made in (first, second, folder):
        made.mkdir()
    libraries = [
        e for e in interpreter_entries(first) if e.name.startswith("lib/") and e.name.count("/") == 1
    ]
    for entry in libraries:
        copy2(entry.source, folder / Path(entry.name).name)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))
    again = {entry.name for entry in interpreter_entries(second)}
    assert libraries and {entry.name for entry in libraries} <= again
