"""Bytecode that is valid wherever an archive is unpacked."""

import marshal
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path

from sparktune.packing.entry import ArchiveEntry

HEADER = 16  # bytes: magic number, flags, then the source's time and size, or its hash
TIMED, UNCHECKED_HASH = (0).to_bytes(4, "little"), (1).to_bytes(4, "little")


def with_bytecode(entry: ArchiveEntry) -> list[ArchiveEntry]:
    """A file; and where it is a module, its bytecode beside it.

    The bytecode is never compared with its source: unpacking may change the times of files, and executors
    that found it invalid would compile TensorFlow at each start. What is no Python of this version, such as a
    template, has none.
    """
    if not entry.name.endswith(".py") or entry.link is not None:
        return [entry]
    source = entry.source.read_bytes()
    code = _compiled_before(entry.source, len(source)) or _compile(source, entry.name)
    if code is None:
        return [entry]
    content = MAGIC_NUMBER + UNCHECKED_HASH + source_hash(source) + code
    read = ArchiveEntry(entry.name, entry.source, source)  # it is not read again
    return [read, ArchiveEntry(cache_from_source(entry.name), entry.source, content)]


def _compiled_before(source: Path, size: int) -> bytes | None:
    """The code in the bytecode file beside a source, if it was compiled from what the source is now."""
    try:
        cached = Path(cache_from_source(str(source))).read_bytes()
    except OSError:
        return None
    times = int(source.stat().st_mtime), size
    stamp = b"".join((number & 0xFFFFFFFF).to_bytes(4, "little") for number in times)
    return cached[HEADER:] if cached[:HEADER] == MAGIC_NUMBER + TIMED + stamp else None


def _compile(source: bytes, name: str) -> bytes | None:
    try:
        return marshal.dumps(compile(source, name, "exec", dont_inherit=True, optimize=0))
    except (SyntaxError, ValueError):
        return None
