"""Interpreters that can be moved, and those that cannot."""

import sys
from pathlib import Path

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
