"""One digest of all that is trained on."""

import hashlib

import numpy as np

from sparktune.columns.schema import Schema
from sparktune.data.dataset import Rows
from sparktune.data.mapped import in_pieces


def digest_of(splits: list[Rows | None], schema: Schema) -> str:
    """sha256 over the schema and every array's dtype, shape and bytes; the same on every machine."""
    digest = hashlib.sha256(schema.model_dump_json().encode())
    for rows in splits:
        for array in (rows.x, rows.y, rows.weight) if rows is not None else (None,):
            if array is None:
                digest.update(b"none;")
                continue
            digest.update(f"{array.dtype.name}{array.shape};".encode())
            if array.size:
                little_endian = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
                for piece in in_pieces(little_endian):
                    digest.update(piece.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
