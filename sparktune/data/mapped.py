"""Arrays mapped from files: the system reads a page when it is used, and may drop it from memory again."""

import errno
import mmap
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, final

import numpy as np

from sparktune.data.memory import free_memory
from sparktune.errors import DataError

NO_RESERVE = 0x4000 if sys.platform.startswith("linux") else 0  # MAP_NORESERVE
CHUNK = 2**26  # bytes
LARGE = 2**28  # bytes


def map_private(path: Path) -> np.ndarray:
    """The file as uint8, writable copy-on-write: a change is seen by this process alone.

    Without a reservation for changes, a file may be larger than the memory (`np.memmap` refuses that).
    """
    with path.open("rb") as file:
        flags, access = mmap.MAP_PRIVATE | NO_RESERVE, mmap.PROT_READ | mmap.PROT_WRITE
        return np.frombuffer(mmap.mmap(file.fileno(), 0, flags=flags, prot=access), np.uint8)


def allocate(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array to be filled; in a temporary file if it is large, or if memory has no room for it.

    Raises:
        DataError: neither the disk nor memory has room for it.
    """
    size, fits = int(np.prod(shape)) * dtype.itemsize, free_memory() // 2
    if dtype.hasobject or size < min(LARGE, fits):
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile() as file:
        try:
            _reserve(file, max(size, 1))
        except OSError as error:
            if size < fits:
                return np.empty(shape, dtype)
            raise DataError(
                f"the data need {size:,} bytes in {tempfile.gettempdir()}, but {error.strerror}; free space "
                "there or set TMPDIR"
            ) from None
        whole = _Spilled(file.fileno(), 0)
    return np.frombuffer(whole, np.uint8)[:size].view(dtype).reshape(shape)


def _reserve(file: IO[bytes], size: int) -> None:
    """Make a file of that size; its blocks are there, as a full disk would end the process later on."""
    if shutil.disk_usage(tempfile.gettempdir()).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
    else:
        file.truncate(size)


def rows_of(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """`array[rows]`, in C order and writable, as DLPack demands; a view if the rows are consecutive."""
    if rows[-1] - rows[0] + 1 == len(rows) and array.flags.writeable and array.flags.c_contiguous:
        return array[rows[0] : rows[-1] + 1]
    return gathered(array, rows)


def gathered(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """`array[rows]`, in C order and writable; in a temporary file as `allocate` says."""
    found = allocate((len(rows), *array.shape[1:]), array.dtype)
    step = max(1, CHUNK * len(rows) // max(found.nbytes, 1))
    for start in range(0, len(rows), step):
        found[start : start + step] = array[rows[start : start + step]]
        let_go(found)
    return found


def in_pieces(array: np.ndarray) -> Iterator[np.ndarray]:
    """The rows, some at a time, so that little of an array in a temporary file is in memory."""
    step = max(1, CHUNK * len(array) // max(array.nbytes, 1))
    for start in range(0, len(array), step):
        yield array[start : start + step]
        let_go(array)


def let_go(array: np.ndarray) -> None:
    """Take an array out of this process's memory if `allocate` has put it into a file, which keeps it."""
    owner: Any = array
    while isinstance(owner, np.ndarray | memoryview):
        owner = owner.base if isinstance(owner, np.ndarray) else owner.obj
    if isinstance(owner, _Spilled):
        owner.madvise(mmap.MADV_DONTNEED)


@final
class _Spilled(mmap.mmap):
    """A temporary file that is mapped and shared: what leaves memory is in the file."""
