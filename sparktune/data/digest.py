"""One fingerprint of all that is trained on."""

import hashlib

import numpy as np

from sparktune.columns.schema import Schema
from sparktune.data.dataset import Rows


def digest_of(splits: list[Rows | None], schema: Schema) -> str:
    """sha256 over the schema and every array's dtype, shape and bytes; the same on every machine."""
    digest = hashlib.sha256(schema.model_dump_json().encode())
    for rows in splits:
        for array in (rows.x, rows.y, rows.weight) if rows is not None else (None,):
            digest.update(_header(array))
            if array is not None and array.size:
                digest.update(_little_endian(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _header(array: np.ndarray | None) -> bytes:
    return b"none;" if array is None else f"{array.dtype.name}{array.shape};".encode()


def _little_endian(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
