"""Files in the idx format of the original MNIST: a big-endian header, then the numbers."""

import gzip
import re
import zlib
from pathlib import Path
from typing import final

import numpy as np

from sparktune.data.sources.base import DataSource, Found, Origin
from sparktune.data.table import Table
from sparktune.errors import DataError

IMAGES = re.compile(r"(?P<prefix>.*)images(?P<tie>[-.])idx3-ubyte(?P<gz>\.gz)?$")
TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


@final
class Idx(DataSource):
    """Images and labels in the files of the original MNIST; a t10k pair is held out."""

    def read(self, origin: Origin) -> Found:
        """The images.

        Raises:
            DataError: no pair of files, or one that cannot be read.
        """
        return Found(*idx_tables(origin.file(), origin.where))


def idx_tables(path: Path, where: str) -> tuple[Table, Table | None]:
    """Images and labels of a folder's pairs `*images-idx3-ubyte[.gz]` and `*labels-idx1-ubyte[.gz]`.

    Of a train and a t10k pair, t10k is held out; a single pair is all of the data. `path` may also name one
    image file.

    Raises:
        DataError: no pair, more pairs than these, or a file that cannot be read.
    """
    names = [path] if path.is_file() else sorted(path.iterdir()) if path.is_dir() else []
    images = {match["prefix"]: file for file in names if (match := IMAGES.match(file.name))}
    if len(images) == 1:
        return _pair(next(iter(images.values())), where), None
    train = [prefix for prefix in images if prefix.startswith("train")]
    held_out = [prefix for prefix in images if prefix.startswith(("t10k", "test"))]
    if len(train) == len(held_out) == 1 and len(images) == 2:
        return _pair(images[train[0]], where), _pair(images[held_out[0]], where)
    raise DataError(
        f"{where}.path must hold one pair *images-idx3-ubyte[.gz] and *labels-idx1-ubyte[.gz], or a train "
        f"and a t10k pair, but {str(path)!r} holds {sorted(f.name for f in images.values()) or 'no images'}"
    )


def read_idx(path: Path) -> np.ndarray:
    """The numbers of one idx file, gzipped or not.

    Raises:
        DataError: it is missing, truncated or not an idx file.
    """
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot read the idx file {str(path)!r}: {error}; download it again") from None
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in TYPES:
        raise DataError(f"{str(path)!r} must be an idx file, but it starts with {raw[:4]!r}")
    kind, header = np.dtype(TYPES[raw[2]]), 4 + 4 * raw[3]
    shape = tuple(int(side) for side in np.frombuffer(raw[4:header].ljust(header - 4, b"\0"), dtype=">u4"))
    size = header + kind.itemsize * int(np.prod(shape, dtype=np.int64))
    if len(raw) != size:
        raise DataError(
            f"{str(path)!r} must hold {size} bytes by its header, but it holds {len(raw)}; it is truncated "
            "or damaged: download it again"
        )
    return (
        np.frombuffer(raw, dtype=kind, offset=header)
        .reshape(shape)
        .astype(kind.newbyteorder("="), copy=False)
    )


def _pair(images: Path, where: str) -> Table:
    match = IMAGES.match(images.name)
    stem = f"{match['prefix']}labels{match['tie']}idx1-ubyte" if match else ""
    found = [file for file in (images.with_name(f"{stem}.gz"), images.with_name(stem)) if file.is_file()]
    if not found:
        raise DataError(f"{where}.path: the labels of {images.name} are not there; put {stem}[.gz] beside it")
    return Table.of([("image", read_idx(images)), ("label", read_idx(found[0]))], where)
