"""Rows that benchmarks train on: real digits, and the schema of ten classes."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np

MNIST = Path(__file__).resolve().parents[3] / "shared" / "data" / "mnist10k"


def mnist() -> tuple[np.ndarray, np.ndarray]:
    """uint8 (10000, 28, 28) and int32 (10000,)."""
    with gzip.open(MNIST / "t10k-images-idx3-ubyte.gz") as images:
        x = np.frombuffer(images.read(), np.uint8, offset=16).reshape(-1, 28, 28).copy()
    with gzip.open(MNIST / "t10k-labels-idx1-ubyte.gz") as labels:
        return x, np.frombuffer(labels.read(), np.uint8, offset=8).astype(np.int32)


def ten_classes(shape: tuple[int, ...], images: bool) -> Any:
    """The schema of such rows; images are scaled to 0..1."""
    from sparktune.columns.schema import Feature, Scaling, Schema

    return Schema(
        features=(Feature(name="x", shape=shape),),
        input_shape=shape,
        task="classes",
        classes=tuple(range(10)),
        outputs=10,
        scaling=Scaling(offset=(0.0,), scale=(255.0,)) if images else None,
    )
