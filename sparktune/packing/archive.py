"""An environment as one compressed archive."""

import gzip
import io
import os
import tarfile
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, final

from sparktune.cores import usable_cores
from sparktune.errors import InputError
from sparktune.packing.bytecode import with_bytecode
from sparktune.packing.entry import ArchiveEntry
from sparktune.packing.interpreter import check_movable, interpreter_entries, site_packages
from sparktune.packing.packages import package_entries

BLOCK = 4 * 2**20  # bytes that one thread compresses at a time
LEVEL = 1  # of 0 to 9: machine code gets 8 % smaller at most with more, which takes three times as long


@final
@dataclass(frozen=True)
class Packed:
    """An archive that was written: its path, its files, and its size in bytes, packed and unpacked."""

    path: Path
    files: int
    size: int
    unpacked: int


def pack(
    output: Path = Path("environment.tar.gz"), exclude: Iterable[str] = (), level: int = LEVEL
) -> Packed:
    """Write this environment with its interpreter as an archive that can be unpacked in any folder.

    It holds `bin/python`, the standard library, all installed packages, their commands and bytecode, and the
    libraries that the interpreter needs beside the C runtime. It leaves out PySpark, which executors have
    from Spark, pip, tests of packages and TensorFlow's headers. It runs on hosts with this machine's kind of
    CPU and at least its version of the C library.

    Args:
        output: file to write, replaced where it exists; Spark unpacks names that end in .tar.gz or .tgz.
        exclude: names of further packages to leave out.
        level: of compression, 0 (none) to 9.

    Raises:
        InputError: the interpreter cannot be moved, a package is an editable install, a link leads out of
            the environment, or the file cannot be written.
    """
    if not output.name.endswith((".tar.gz", ".tgz")):
        raise InputError(f"--output must end in .tar.gz or .tgz, which Spark unpacks, but is {str(output)!r}")
    check_movable()
    beside = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    with TemporaryDirectory() as scratch:
        entries = [*interpreter_entries(Path(scratch)), *package_entries(site_packages(), exclude)]
        try:
            with beside.open("wb") as file:
                files, unpacked = _write_entries(file, entries, level)
            beside.replace(output)
        except OSError as error:
            raise InputError(f"cannot write {str(output)!r}: {error.strerror}; name another file") from None
        finally:
            beside.unlink(missing_ok=True)
    return Packed(output, files, output.stat().st_size, unpacked)


def _write_entries(file: BinaryIO, entries: list[ArchiveEntry], level: int) -> tuple[int, int]:
    """The number of files written and their bytes before compression."""
    files = unpacked = 0
    with (
        io.BufferedWriter(ParallelGzip(file, level), BLOCK) as compressed,  # type: ignore[type-var]
        tarfile.open(fileobj=compressed, mode="w") as archive,
    ):
        for part in (part for entry in entries for part in with_bytecode(entry)):
            unpacked += _add(archive, part)
            files += 1
    return files, unpacked


def _add(archive: tarfile.TarFile, entry: ArchiveEntry) -> int:
    """Add one file, whoever owns it; gives its bytes."""
    info = tarfile.TarInfo(entry.name)
    if entry.link is not None:
        info.type, info.linkname = tarfile.SYMTYPE, entry.link
        archive.addfile(info)
        return 0
    status = entry.source.stat()
    info.mode, info.mtime = entry.mode, int(status.st_mtime)
    if entry.content is not None:
        info.size = len(entry.content)
        archive.addfile(info, io.BytesIO(entry.content))
    else:
        info.size = status.st_size
        with entry.source.open("rb") as source:
            archive.addfile(info, source)
    return info.size


@final
class ParallelGzip(io.RawIOBase):
    """Compresses what is written to it with all cores: a gzip file of one member for each BLOCK."""

    def __init__(self, file: BinaryIO, level: int) -> None:
        self._file, self._level = file, level
        cores = usable_cores()
        self._pool = ThreadPoolExecutor(cores)
        self._waiting: deque[Future[bytes]] = deque()
        self._most = 2 * cores  # blocks in memory
        self._position = 0

    def writable(self) -> bool:
        """Always True, as `io` asks before it writes."""
        return True

    def tell(self) -> int:
        """Bytes that were written, before compression."""
        return self._position

    def write(self, block: bytes) -> int:  # type: ignore[override]
        """Take one block; earlier ones are written to the file as they are compressed."""
        self._position += len(block)
        self._waiting.append(self._pool.submit(gzip.compress, bytes(block), self._level, mtime=0))
        while len(self._waiting) > self._most:
            self._file.write(self._waiting.popleft().result())
        return len(block)

    def close(self) -> None:
        """Write the blocks that are still being compressed; the file under it stays open."""
        if not self.closed:
            while self._waiting:
                self._file.write(self._waiting.popleft().result())
            self._pool.shutdown()
        super().close()
