"""A program computed by NumPy: products by BLAS in float32, on chunks of rows that stay in the cache."""

from collections.abc import Callable
from functools import reduce
from typing import Any, final

import numpy as np

from sparktune.bundle.engines.program.functions import activate
from sparktune.bundle.engines.program.operations import (
    Activation,
    Affine,
    Columns,
    Combine,
    Concatenate,
    Dense,
    Embedding,
    OneHot,
    Operation,
    Reshape,
)
from sparktune.bundle.engines.program.program import Program
from sparktune.errors import ScoringError

CHUNK_BYTES = 512 * 2**10
CHUNK_ROWS = (256, 8192)
COMBINE = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "average": np.add,
}
VIEWS = (Columns, Reshape)  # what they give shares memory with what goes in


@final
class Computation:
    """A program that is ready to run.

    Args:
        program: what to compute; `not_computable` must give None.
        dtype: numpy's name of the type that inputs are converted to first.
    """

    def __init__(self, program: Program, dtype: str = "float32") -> None:
        self._program = program
        self._dtype = np.dtype(dtype)
        self._outputs = int(np.prod(program.shapes[-1]))
        low, high = CHUNK_ROWS
        self._rows = int(np.clip(CHUNK_BYTES // (4 * program.widest), low, high))
        uses, steps = program.uses, program.steps
        # Whether a step may write over the value that goes in: no other step needs it.
        self._over = [
            bool(value) and uses[value] == 1 and not isinstance(steps[value - 1].operation, VIEWS)
            for value in (step.inputs[0] for step in steps)
        ]

    def run(self, x: np.ndarray) -> np.ndarray:
        """Outputs, float32 (rows, outputs), of inputs (rows, ...) of any numeric type.

        Raises:
            ScoringError: a code that chooses a row of an embedding is out of range.
        """
        raw = np.empty((len(x), self._outputs), np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(x), self._rows):
                rows = x[start : start + self._rows]
                raw[start : start + self._rows] = self._chunk(rows).reshape(len(rows), self._outputs)
        return raw

    def _chunk(self, x: np.ndarray) -> np.ndarray:
        x = x.astype(self._dtype, copy=False).astype(np.float32, copy=False)
        values = [x.reshape(len(x), *self._program.input_shape)]
        for step, over in zip(self._program.steps, self._over, strict=True):
            first, *others = (values[value] for value in step.inputs)
            values.append(KERNELS[type(step.operation)](step.operation, first, *others, over=over))
        return values[-1]


def not_computable(program: Program) -> Operation | None:
    """The first operation that NumPy is not used for; None where it computes the whole program."""
    return next((step.operation for step in program.steps if type(step.operation) not in KERNELS), None)


def _dense(dense: Dense, x: np.ndarray, over: bool) -> np.ndarray:
    found: np.ndarray = x @ dense.kernel
    if dense.bias is not None:
        found += dense.bias
    return found


def _affine(affine: Affine, x: np.ndarray, over: bool) -> np.ndarray:
    out = x if over else None
    for function, part in (
        (np.add, affine.before),
        (np.multiply, affine.scale),
        (np.add, affine.after),
    ):
        if part is not None:
            x = out = function(x, part, out=out)
    return x


def _activation(activation: Activation, x: np.ndarray, over: bool) -> np.ndarray:
    return activate(activation, x if over else x.copy())


def _columns(columns: Columns, x: np.ndarray, over: bool) -> np.ndarray:
    return x[..., columns.start : columns.stop]


def _embedding(embedding: Embedding, x: np.ndarray, over: bool) -> np.ndarray:
    codes = x.astype(np.intp)
    rows = len(embedding.table)
    if codes.size and not 0 <= int(codes.min()) <= int(codes.max()) < rows:
        raise ScoringError(
            f"a code must be a whole number from 0 to {rows - 1}, the rows of the model's embedding, but got "
            f"{int(codes.min())} to {int(codes.max())}"
        )
    return embedding.table.take(codes, axis=0)


def _one_hot(one_hot: OneHot, x: np.ndarray, over: bool) -> np.ndarray:
    codes = x.astype(np.intp)
    known = (codes >= 0) & (codes < one_hot.levels)
    found = np.zeros((*x.shape, one_hot.levels), np.float32)
    np.put_along_axis(found, np.where(known, codes, 0)[..., None], known[..., None].astype(np.float32), -1)
    return found.max(axis=-2) if one_hot.union else found


def _reshape(reshape: Reshape, x: np.ndarray, over: bool) -> np.ndarray:
    return x.reshape(len(x), *reshape.target)


def _concatenate(_: Concatenate, *values: np.ndarray, over: bool) -> np.ndarray:
    return np.concatenate(values, axis=-1)


def _combine(combine: Combine, *values: np.ndarray, over: bool) -> np.ndarray:
    found: np.ndarray = reduce(COMBINE[combine.how], values)
    return found / np.float32(len(values)) if combine.how == "average" else found


KERNELS: dict[type[Operation], Callable[..., Any]] = {
    Dense: _dense,
    Affine: _affine,
    Activation: _activation,
    Columns: _columns,
    Embedding: _embedding,
    OneHot: _one_hot,
    Reshape: _reshape,
    Concatenate: _concatenate,
    Combine: _combine,
}
