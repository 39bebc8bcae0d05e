"""A data set as one file that many processes map: each number exists once in memory, however many read it.

The file is a JSON header (schema, digest, and dtype, shape and place of each array) and the arrays
themselves, each aligned so that TensorFlow can train on the mapped memory without a copy.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sparktune.columns.schema import Schema
from sparktune.data.dataset import Dataset, Rows
from sparktune.data.initial import InitialWeights
from sparktune.data.mapped import in_pieces, map_private
from sparktune.errors import DataError

MAGIC = b"sparktune data 1"
ALIGNMENT = 64  # bytes; what TensorFlow's kernels ask of memory that they do not own
LARGEST_OFFSET = 2**63 - 1  # bytes; of any file
INITIAL = "initial"
SPLITS = ("train", "validation", "test")


def write_packed(data: Dataset, path: Path) -> None:
    """Write the data set to `path`, array by array, without a second copy of it in memory.

    Raises:
        OSError: the file cannot be written, for example because the disk is full.
    """
    arrays = [(split, part, np.ascontiguousarray(array)) for split, part, array in _arrays(data)]
    slots, header = _layout(data, arrays)
    with path.open("wb") as file:
        file.write(MAGIC + len(header).to_bytes(8, "little") + header)
        for slot, (_, _, array) in zip(slots, arrays, strict=True):
            file.seek(slot["offset"])
            for piece in in_pieces(array):
                piece.tofile(file)
        file.truncate(max(file.tell(), 1))
        file.flush()
        os.fsync(file.fileno())


def map_packed(path: Path) -> Dataset:
    """The data set in a file, mapped copy-on-write: a change is seen by this process alone.

    Raises:
        DataError: the file is no packed data set.
    """
    whole = map_private(path)
    if bytes(whole[: len(MAGIC)]) != MAGIC:
        raise DataError(f"{path} must be a packed data set, but begins with {bytes(whole[:16])!r}")
    start = len(MAGIC) + 8
    length = int.from_bytes(bytes(whole[len(MAGIC) : start]), "little")
    header = json.loads(bytes(whole[start : start + length]))
    arrays: dict[str, dict[str, np.ndarray]] = {}
    for slot in header["slots"]:
        array: np.ndarray = np.ndarray(slot["shape"], slot["dtype"], whole, slot["offset"])
        arrays.setdefault(slot["split"], {})[slot["part"]] = array
    initial = None
    if "initial" in header:
        initial = InitialWeights(header["initial"], [*arrays.pop(INITIAL, {}).values()])
    splits = {name: Rows(**parts) for name, parts in arrays.items()}
    if not {"train", "validation"} <= splits.keys():
        raise DataError(f"{path} must hold a training and a validation split, but lacks one")
    schema = Schema.model_validate_json(header["schema"])
    parts = splits["train"], splits["validation"], splits.get("test")
    example = tuple(map(tuple, header.get("example", ())))
    return Dataset(*parts, schema, header["digest"], initial=initial, example=example)


def packed_size(data: Dataset) -> int:
    """Bytes of all arrays, that is, of the file without its header."""
    return sum(array.nbytes for _, _, array in _arrays(data))


def _arrays(data: Dataset) -> Iterator[tuple[str, str, np.ndarray]]:
    """Each array with the split and the part that it is, initial weights last."""
    for split in SPLITS:
        rows = getattr(data, split)
        for part in ("x", "y", "weight"):
            if rows is not None and (array := getattr(rows, part)) is not None:
                yield split, part, array
    for number, array in enumerate(data.initial.arrays if data.initial else ()):
        yield INITIAL, str(number), array


def _layout(data: Dataset, arrays: list[tuple[str, str, np.ndarray]]) -> tuple[list[dict[str, Any]], bytes]:
    """The slots, which say where in the file each array begins, and the header, which lists them."""
    slots: list[dict[str, Any]] = []
    for split, part, array in arrays:
        place = {"dtype": array.dtype.str, "shape": array.shape, "offset": LARGEST_OFFSET}
        slots.append({"split": split, "part": part, **place})
    header: dict[str, Any] = {"digest": data.digest, "schema": data.schema.model_dump_json(), "slots": slots}
    if data.example:
        header["example"] = data.example
    if data.initial is not None:
        header["initial"] = data.initial.origin
    # The arrays begin behind the header, which is the longest now: real offsets have fewer digits.
    offset = len(MAGIC) + 8 + len(json.dumps(header).encode())
    for slot, (_, _, array) in zip(slots, arrays, strict=True):
        offset = -(-offset // ALIGNMENT) * ALIGNMENT
        slot["offset"] = offset
        offset += array.nbytes
    return slots, json.dumps(header).encode()
