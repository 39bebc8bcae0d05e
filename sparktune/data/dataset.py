"""The data of a study, ready to train on."""

import hashlib
from dataclasses import dataclass
from typing import final

import numpy as np

from sparktune.columns.schema import Schema
from sparktune.data.initial import InitialWeights
from sparktune.data.inputs import LeftOut, RawRows
from sparktune.summary import DataSummary


@final
@dataclass(frozen=True)
class Rows:
    """Inputs x (rows, *input_shape) of a compact numeric dtype, labels y, optional weights (rows,) float32.

    y is int32 class indices (rows,) for classes, float32 0/1 (rows,) for binary and (rows, outputs) for
    labels, float32 (rows,) or (rows, outputs) for regression.
    """

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.x)


@final
@dataclass(frozen=True)
class Dataset:
    """The splits, the schema, and the sha256 of all of it.

    `validation` has no rows where `data.validation` is none. `left_out` are columns that were not read
    though nobody said so; `example` has raw values of a few training rows where columns are encoded.
    `initial` are weights that trials begin with, which come to them as the data do; the digest does not
    count them.
    """

    train: Rows
    validation: Rows
    test: Rows | None
    schema: Schema
    digest: str
    left_out: tuple[LeftOut, ...] = ()
    initial: InitialWeights | None = None
    example: RawRows = ()

    @property
    def file_digest(self) -> str:
        """Names the file that holds all of it: `digest`, unless there are initial weights."""
        if self.initial is None:
            return self.digest
        return hashlib.sha256(f"{self.digest}/{self.initial.digest}".encode()).hexdigest()

    @property
    def summary(self) -> DataSummary:
        """The digest and the number of rows of each split that there is."""
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        return DataSummary(
            self.digest, {name: len(rows) for name, rows in splits.items() if rows is not None}
        )
