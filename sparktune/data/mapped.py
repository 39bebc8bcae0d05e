"""Arrays mapped from files: the system reads a page when it is used, and may drop it from memory again."""

import mmap
import sys
import tempfile
from pathlib import Path
from typing import IO

import numpy as np

from sparktune.data.memory import free_memory

NO_RESERVE = 0x4000 if sys.platform.startswith("linux") else 0  # MAP_NORESERVE
CHUNK = 2**26  # bytes


def map_private(path: Path) -> np.ndarray:
    """The file as uint8, writable copy-on-write: a change is seen by this process alone.

    Without a reservation for changes, a file may be larger than the memory (`np.memmap` refuses that).
    """
    with path.open("rb") as file:
        return _mapped(file, mmap.MAP_PRIVATE | NO_RESERVE)


def allocate(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array to be filled; in a temporary file where memory has no room for it."""
    size = int(np.prod(shape)) * dtype.itemsize
    if dtype.hasobject or size < free_memory() // 2:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile() as file:
        file.truncate(max(size, 1))
        return _mapped(file, mmap.MAP_SHARED)[:size].view(dtype).reshape(shape)


def gathered(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """`array[rows]`, in C order and writable; in a temporary file where memory has no room for it."""
    found = allocate((len(rows), *array.shape[1:]), array.dtype)
    step = max(1, CHUNK * len(rows) // max(found.nbytes, 1))
    for start in range(0, len(rows), step):
        found[start : start + step] = array[rows[start : start + step]]
    return found


def _mapped(file: IO[bytes], flags: int) -> np.ndarray:
    whole = mmap.mmap(file.fileno(), 0, flags=flags, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    return np.frombuffer(whole, np.uint8)
