"""Each operation says the shape of a row that comes out."""

import numpy as np
import pytest

from sparktune.bundle.engines.program.operations import (
    OPERATIONS,
    Columns,
    Combine,
    Concatenate,
    Convolution,
    Dense,
    Embedding,
    OneHot,
    Operation,
    Pooling,
    Recurrent,
    Reshape,
    Shape,
)

GATES = np.zeros((2, 3, 20)), np.zeros((2, 5, 20)), np.zeros((2, 20))


@pytest.mark.parametrize(
    ("operation", "rows", "shape"),
    [
        (Dense(np.zeros((4, 7))), [(3, 4)], (3, 7)),
        (Columns(1, 3), [(2, 5)], (2, 2)),
        (Embedding(np.zeros((9, 4))), [()], (4,)),
        (OneHot(6), [(2,)], (2, 6)),
        (OneHot(6, union=True), [(2,)], (6,)),
        (Reshape((2, 3)), [(6,)], (2, 3)),
        (Concatenate(), [(2, 3), (2, 1)], (2, 4)),
        (Combine("add"), [(1,), (4,)], (4,)),
        (Combine("multiply"), [(8, 1), (1, 8)], (8, 8)),
        (Convolution(np.zeros((3, 3, 1, 8))), [(9, 7, 1)], (7, 5, 8)),
        (Convolution(np.zeros((3, 3, 1, 8)), same=True), [(9, 7, 1)], (9, 7, 8)),
        (Pooling("max", (2, 2)), [(9, 7, 8)], (4, 3, 8)),
        (Recurrent("lstm", *GATES), [(10, 3)], (10,)),
        (Recurrent("lstm", *GATES, sequences=True), [(10, 3)], (10, 10)),
    ],
)
def test_the_shape_of_a_row(operation: Operation, rows: list[Shape], shape: Shape) -> None:
    assert operation.shape(*rows) == shape
    assert OPERATIONS[operation.name] is type(operation)
