"""Spark ML vectors as Arrow has them."""

from typing import Any

import pyarrow as pa

VECTOR = pa.struct(
    [
        ("type", pa.int8()),
        ("size", pa.int32()),
        ("indices", pa.list_(pa.int32())),
        ("values", pa.list_(pa.float64())),
    ]
)


def dense(*numbers: float) -> dict[str, Any]:
    """A dense vector."""
    return {"type": 1, "size": None, "indices": None, "values": list(map(float, numbers))}


def sparse(size: int, numbers: dict[int, float]) -> dict[str, Any]:
    """A sparse vector of these numbers by index."""
    values = list(map(float, numbers.values()))
    return {"type": 0, "size": size, "indices": list(numbers), "values": values}
