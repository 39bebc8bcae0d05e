"""A ledger's file, line by line."""

from pathlib import Path

import pytest

from sparktune.ledger.events import StudyStarted, Voided, event_to_line
from sparktune.ledger.journal import encode_line
from sparktune.ledger.reading import DamagedLine, read_ledger

HEAD = encode_line({"format": 1})
STARTED, VOIDED = StudyStarted("loss", "minimize"), Voided(3, "no file")
LINES = [encode_line({**event_to_line(event), "time": 2.5}) for event in (STARTED, VOIDED)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def test_good_lines_are_read_in_order(path: Path) -> None:
    path.write_bytes(HEAD + b"".join(LINES))
    read = read_ledger(path)
    assert (read.header, read.events) == ({"format": 1}, [(2.5, STARTED), (2.5, VOIDED)])
    assert ([line + b"\n" for line in read.lines], read.damaged, read.size) == (
        LINES,
        [],
        path.stat().st_size,
    )


def test_a_line_without_its_end_is_being_written(path: Path) -> None:
    path.write_bytes(HEAD + LINES[0] + LINES[1][:-1])
    read = read_ledger(path)
    assert (len(read.events), read.damaged, read.size) == (1, [], len(HEAD + LINES[0]))


def test_a_damaged_line_is_named_and_the_next_one_read(path: Path) -> None:
    path.write_bytes(HEAD + b"?" + LINES[0] + LINES[1])
    read = read_ledger(path)
    assert read.damaged == [DamagedLine(2, b"?" + LINES[0][:-1])]
    assert read.events == [(2.5, VOIDED)]


@pytest.mark.parametrize("byte", [b" ", b"?", b"\0", b"{", b'"', b""])
def test_lines_whose_newline_is_damaged_are_both_good(path: Path, byte: bytes) -> None:
    path.write_bytes(HEAD[:-1] + byte + LINES[0][:-1] + byte + LINES[1])
    read = read_ledger(path)
    assert (read.header, len(read.events), read.damaged) == ({"format": 1}, 2, [])


@pytest.mark.parametrize("content", [b"", b"\n", b"hello", b"hello\n", b"[1]\n"])
def test_what_is_no_ledger_has_no_header(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    read = read_ledger(path)
    assert (read.header, read.events) == (None, [])


@pytest.mark.parametrize(
    ("text", "loss"),
    [
        (
            b'{"event": "result", "model": null, "result": {"trial": 12, "pa',
            "the result of trial 12, which `sparktune tune` runs again",
        ),
        (b'{"event": "launched", "trial": 7, "st', "the launch of trial 7"),
        (
            b'{"event": "note", "kind"',
            "if that was the result of a trial, `sparktune tune` runs the trial again",
        ),
        (b"\0" * 50, "if that was the result of a trial, `sparktune tune` runs the trial again"),
    ],
)
def test_what_a_damaged_line_held_is_said(text: bytes, loss: str) -> None:
    assert loss in DamagedLine(2, text).loss
