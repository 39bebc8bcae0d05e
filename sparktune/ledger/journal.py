"""A file of JSON lines that only grows: a line is whole and on the disk, or it is not there."""

import json
import math
import os
from pathlib import Path
from typing import Any, final

from sparktune.errors import StudyDirectoryError

Line = dict[str, Any]
NON_FINITE = "$float"


@final
class Journal:
    """Appends lines to an existing file after its first `size` bytes, which are good; others are cut off.

    Lines are on the disk before `append` returns. One writer at a time.
    """

    def __init__(self, path: Path, size: int) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_APPEND)
        self._size = size

    def append(self, *lines: Line) -> None:
        """Write lines at once, over what is left of one that failed before.

        Raises:
            OSError: the disk is full, say; the lines before stay good.
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


def read_lines(path: Path) -> tuple[list[Line], int]:
    """The whole lines, and how many bytes they take; the rest is a line that a writer died in, or is at now.

    Raises:
        StudyDirectoryError: a line before the last one is damaged.
    """
    content = path.read_bytes()
    *whole, torn = content.split(b"\n")
    lines = [_decoded(text) for text in whole]
    if lines and lines[-1] is None:
        lines.pop()
        torn = whole.pop() + b"\n" + torn
    if None in lines:
        raise StudyDirectoryError(
            f"line {lines.index(None) + 1} of {path} is damaged; restore the file from a copy, or give the "
            "study another name"
        )
    return [line for line in lines if line is not None], len(content) - len(torn)


def encode_line(line: Line) -> bytes:
    """Strict JSON on one line of ASCII; numbers read back exactly, also those that JSON does not have."""
    return (json.dumps(_strict(line), allow_nan=False) + "\n").encode("ascii")


def _decoded(text: bytes) -> Line | None:
    try:
        line = json.loads(text, object_hook=_lenient)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


def _strict(value: Any) -> Any:
    """The value with NaN and the infinities spelled as {"$float": "nan"}."""
    if isinstance(value, float) and not math.isfinite(value):
        return {NON_FINITE: repr(float(value))}
    if isinstance(value, dict):
        return {key: _strict(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(member) for member in value]
    return value


def _lenient(pairs: Line) -> Any:
    return float(pairs[NON_FINITE]) if list(pairs) == [NON_FINITE] else pairs
