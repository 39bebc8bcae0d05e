"""The operations of a program: what each one is, and the shape of a row that comes out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import numpy as np

Shape = tuple[int, ...]
Function = Literal[
    "elu",
    "exponential",
    "gelu",
    "hard_sigmoid",
    "leaky_relu",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "truncate",
    "tanh",
]
Combination = Literal["add", "subtract", "multiply", "maximum", "minimum", "average"]


class Operation(ABC):
    """One step of a program: float32 arrays (rows, ...) in, one float32 array (rows, ...) out."""

    name: ClassVar[str]

    @abstractmethod
    def shape(self, *rows: Shape) -> Shape:
        """The shape of a row that comes out, for the shapes of the rows that go in."""


@final
@dataclass(frozen=True, eq=False)
class Dense(Operation):
    """x @ kernel + bias over the last axis: kernel (inputs, units), bias (units,)."""

    name = "dense"
    kernel: np.ndarray
    bias: np.ndarray | None = None

    def shape(self, *rows: Shape) -> Shape:
        """The last axis becomes the units."""
        return (*rows[0][:-1], self.kernel.shape[1])


@final
@dataclass(frozen=True, eq=False)
class Affine(Operation):
    """(x + before) * scale + after; each array is broadcast over a row, None leaves a part out."""

    name = "affine"
    before: np.ndarray | None = None
    scale: np.ndarray | None = None
    after: np.ndarray | None = None

    def shape(self, *rows: Shape) -> Shape:
        """That of the row."""
        return rows[0]


@final
@dataclass(frozen=True, eq=False)
class Activation(Operation):
    """A function of each number, or over the last axis (softmax); `alpha` is its slope or height."""

    name = "activation"
    function: Function
    alpha: float = 1.0

    def shape(self, *rows: Shape) -> Shape:
        """That of the row."""
        return rows[0]


@final
@dataclass(frozen=True, eq=False)
class Columns(Operation):
    """The numbers from `start` to before `stop` of the last axis."""

    name = "columns"
    start: int
    stop: int

    def shape(self, *rows: Shape) -> Shape:
        """The last axis becomes the numbers taken."""
        return (*rows[0][:-1], self.stop - self.start)


@final
@dataclass(frozen=True, eq=False)
class Embedding(Operation):
    """Rows of `table`, (codes, width), by whole numbers from 0."""

    name = "embedding"
    table: np.ndarray

    def shape(self, *rows: Shape) -> Shape:
        """One more axis, of the table's width."""
        return (*rows[0], self.table.shape[1])


@final
@dataclass(frozen=True, eq=False)
class OneHot(Operation):
    """1.0 in the place that a whole number names, 0.0 in the other ones; all 0.0 for one out of range.

    With `union` the numbers of the last axis share their places.
    """

    name = "one_hot"
    levels: int
    union: bool = False

    def shape(self, *rows: Shape) -> Shape:
        """One more axis; or it takes the place of the last one."""
        return (*(rows[0][:-1] if self.union else rows[0]), self.levels)


@final
@dataclass(frozen=True, eq=False)
class Reshape(Operation):
    """A row's numbers in another shape, in the same order."""

    name = "reshape"
    target: Shape

    def shape(self, *rows: Shape) -> Shape:
        """The target."""
        return tuple(self.target)


@final
@dataclass(frozen=True, eq=False)
class Concatenate(Operation):
    """Several arrays side by side along the last axis."""

    name = "concatenate"

    def shape(self, *rows: Shape) -> Shape:
        """The last axes add up."""
        return (*rows[0][:-1], sum(row[-1] for row in rows))


@final
@dataclass(frozen=True, eq=False)
class Combine(Operation):
    """Two or more arrays, number by number."""

    name = "combine"
    how: Combination

    def shape(self, *rows: Shape) -> Shape:
        """That to which all rows are broadcast."""
        return np.broadcast_shapes(*rows)


@final
@dataclass(frozen=True, eq=False)
class Convolution(Operation):
    """A 2-D convolution over (height, width, channels): kernel (height, width, channels, filters)."""

    name = "convolution"
    kernel: np.ndarray
    bias: np.ndarray | None = None
    same: bool = False

    def shape(self, *rows: Shape) -> Shape:
        """Each side as it is with `same`, else shorter by the kernel's."""
        high, wide, _ = rows[0]
        lost = (0, 0) if self.same else (self.kernel.shape[0] - 1, self.kernel.shape[1] - 1)
        return high - lost[0], wide - lost[1], self.kernel.shape[3]


@final
@dataclass(frozen=True, eq=False)
class Pooling(Operation):
    """The largest number or the mean of each window of (height, width, channels); windows do not overlap."""

    name = "pooling"
    how: Literal["max", "average"]
    size: tuple[int, int]

    def shape(self, *rows: Shape) -> Shape:
        """How often the window fits."""
        high, wide, channels = rows[0]
        return high // self.size[0], wide // self.size[1], channels


@final
@dataclass(frozen=True, eq=False)
class Recurrent(Operation):
    """A recurrent layer over (steps, features), by Keras' layout of weights and order of gates.

    Args:
        cell: `simple_rnn` (tanh), `lstm`, or `gru` (reset after the product).
        kernel: (directions, features, gates * units).
        recurrent: (directions, units, gates * units).
        bias: (directions, gates * units); for gru (directions, 2, gates * units).
        sequences: whether each step's output comes out, (steps, directions * units), or the last one's.

    With two directions the second one reads from the last step to the first.
    """

    name = "recurrent"
    cell: Literal["simple_rnn", "lstm", "gru"]
    kernel: np.ndarray
    recurrent: np.ndarray
    bias: np.ndarray
    sequences: bool = False

    def shape(self, *rows: Shape) -> Shape:
        """With or without the steps."""
        width = len(self.kernel) * self.recurrent.shape[1]
        return (rows[0][0], width) if self.sequences else (width,)


OPERATIONS: dict[str, type[Operation]] = {
    operation.name: operation
    for operation in (
        Dense,
        Affine,
        Activation,
        Columns,
        Embedding,
        OneHot,
        Reshape,
        Concatenate,
        Combine,
        Convolution,
        Pooling,
        Recurrent,
    )
}
