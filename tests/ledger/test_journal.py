"""Lines that are whole and on the disk, or not there."""

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparktune.ledger.journal import Journal, decode_line, encode_line

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text().filter(lambda key: key != "$float"), inner),
    max_leaves=5,
)


@settings(max_examples=40, deadline=None)
@given(line=st.dictionaries(st.text(min_size=1).filter(lambda key: key not in ("crc", "$float")), VALUES))
def test_what_is_written_reads_back(line: dict[str, Any]) -> None:
    text = encode_line({"event": "x", **line})
    assert text.count(b"\n") == 1 and text.endswith(b"\n") and text.isascii()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    read, checked = decode_line(text[:-1])
    assert checked and repr(read) == repr({"event": "x", **line})


def test_a_line_of_an_earlier_version_has_no_checksum() -> None:
    read, checked = decode_line(b'{"event": "x", "loss": [1.0, {"$float": "nan"}]}')
    assert not checked and read["event"] == "x" and math.isnan(read["loss"][1])


def test_any_other_byte_is_seen() -> None:
    text = encode_line({"event": "result", "value": 0.5, "loss": math.inf})[:-1]
    for at in range(len(text)):
        for byte in {text[at] ^ 1, text[at] ^ 4, ord("}"), 0, 255} - {text[at]}:
            try:
                line, checked = decode_line(text[:at] + bytes([byte]) + text[at + 1 :])
            except ValueError:
                continue
            assert not checked and line["value"] == 0.5 and line["loss"] == math.inf


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[1]", b"7", b"\xff\xfe", b"[" * 100_000, b'{"$float": []}', b'{"a": {"$float": "x"}}'],
    ids=range(8),
)
def test_what_is_no_object_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):
        decode_line(text)


def test_a_journal_goes_on_behind_what_is_good(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    good = encode_line({"n": 0})
    path.write_bytes(good + b'{"n": 1, "to')
    journal = Journal(path, len(good))
    assert path.read_bytes().startswith(good + b"{")
    journal.append({"n": 1}, {"n": 2})
    journal.append({"n": 3})
    journal.close()
    journal.close()
    assert [decode_line(line)[0]["n"] for line in path.read_bytes().splitlines()] == [0, 1, 2, 3]


def test_a_write_that_failed_is_cut_off_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal"
    path.touch()
    journal = Journal(path, 0)
    journal.append({"n": 0})
    write, calls = os.write, iter([True, False])

    def half(handle: int, content: bytes) -> int:
        if next(calls):
            return write(handle, content[:7])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("sparktune.ledger.journal.os.write", half)
        with pytest.raises(OSError, match="No space"):
            journal.append({"n": 1})
    assert len(path.read_bytes()) == len(encode_line({"n": 0})) + 7
    journal.append({"n": 2})
    journal.close()
    assert path.read_bytes() == encode_line({"n": 0}) + encode_line({"n": 2})
