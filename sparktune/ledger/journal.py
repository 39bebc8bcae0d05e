"""An append-only file of JSON lines: a line is complete and on the disk, or it is not there.

Each line ends with a checksum of what is before it: `{"event": ..., "crc": "0a1b2c3d"}`.
"""

import json
import math
import os
import re
from pathlib import Path
from typing import Any, final
from zlib import crc32

JournalLine = dict[str, Any]
NON_FINITE = "$float"
CHECKSUM = re.compile(rb', "crc": "([0-9a-f]{8})"\}')
CHECKSUM_LENGTH = len(', "crc": "0a1b2c3d"}')


@final
class Journal:
    """Appends lines to an existing file after its first `size` bytes; the first append cuts off all others.

    Lines are on the disk before `append` returns. One writer at a time.
    """

    def __init__(self, path: Path, size: int) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_APPEND)
        self._size = size

    def append(self, *lines: JournalLine) -> None:
        """Write lines, in place of what an append that failed has left.

        Raises:
            OSError: the disk is full, say; the lines of earlier calls stay.
        """
        content = b"".join(map(encode_line, lines))
        os.ftruncate(self._handle, self._size)
        written = 0
        while written < len(content):
            written += os.write(self._handle, content[written:])
        os.fsync(self._handle)
        self._size += written

    def close(self) -> None:
        """Release the file; idempotent."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def encode_line(line: JournalLine) -> bytes:
    """Strict JSON in ASCII, a checksum and a newline; numbers read back exactly, also NaN and infinity."""
    body = json.dumps(_strict(line), allow_nan=False).encode("ascii")
    return body[:-1] + b', "crc": "%08x"}\n' % crc32(body)


def decode_line(text: bytes) -> tuple[JournalLine, bool]:
    """The object on a line (without its newline), and whether the line has a checksum, which is right.

    Earlier versions of sparktune wrote lines without one.

    Raises:
        ValueError: the line is damaged.
    """
    found = CHECKSUM.fullmatch(text, max(0, len(text) - CHECKSUM_LENGTH))
    body = text[: found.start()] + b"}" if found else text
    if found and int(found[1], 16) != crc32(body):
        raise ValueError("the checksum differs")
    try:
        line = json.loads(body, object_hook=_lenient if NON_FINITE.encode() in body else None)
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if not isinstance(line, dict):
        raise ValueError(f"a line must be a JSON object, but is a {type(line).__name__}")
    return line, found is not None


def _strict(value: Any) -> Any:
    """The value with NaN and infinities as objects, {"$float": "nan"} say."""
    if isinstance(value, float) and not math.isfinite(value):
        return {NON_FINITE: repr(float(value))}
    if isinstance(value, dict):
        return {key: _strict(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(member) for member in value]
    return value


def _lenient(pairs: JournalLine) -> Any:
    """The number of an object that `_strict` has made, else the object itself."""
    return float(pairs[NON_FINITE]) if list(pairs) == [NON_FINITE] else pairs
