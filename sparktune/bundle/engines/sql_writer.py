"""A program as plain arithmetic in Spark SQL: one expression for each number of each value."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from math import prod
from typing import Self, final

import numpy as np

from sparktune.bundle.engines.program.functions import SELU_ALPHA, SELU_SCALE
from sparktune.bundle.engines.program.operations import (
    Activation,
    Affine,
    Columns,
    Concatenate,
    Dense,
    Embedding,
    Function,
    OneHot,
    Operation,
    Reshape,
    Shape,
)
from sparktune.bundle.engines.program.program import Program, Step
from sparktune.columns.encoders.types import array_literal
from sparktune.errors import BundleError


@final
class LookedUp(str):
    """A number that a code chooses: `values`, (codes,), at the place `code`; 0 where there is none."""

    code: str
    values: np.ndarray

    def __new__(cls, code: str, values: np.ndarray) -> Self:
        """The text, with what it is made of."""
        table = array_literal([float(f"{value:.9g}") for value in values], "double")
        found = super().__new__(cls, f"coalesce(get({table}, CAST({code} AS INT)), 0D)")
        found.code, found.values = code, values
        return found


Numbers = list[str]  # the numbers of a row in SQL, each a DOUBLE, in the order of its flat array
MOST_LEVELS = 2_000  # of a one-hot code
MOST_PRODUCTS = 1_000  # written out, one as often as it stands there: what pays beside NumPy
ACTIVATIONS: dict[Function, str] = {
    "elu": "(greatest({x}, 0D) + {alpha} * expm1(least({x}, 0D)))",
    "exponential": "exp({x})",
    "leaky_relu": "(greatest({x}, 0D) + {alpha} * least({x}, 0D))",
    "relu": "greatest({x}, 0D)",
    "selu": f"({SELU_SCALE!r}D * (greatest({{x}}, 0D) + {SELU_ALPHA!r}D * expm1(least({{x}}, 0D))))",
    "sigmoid": "(1D / (1D + exp(-{x})))",
    "silu": "({x} / (1D + exp(-{x})))",
    "softplus": "(greatest({x}, 0D) + log1p(exp(-abs({x}))))",
    "softsign": "({x} / (1D + abs({x})))",
    "tanh": "tanh({x})",
    "truncate": "CAST(CAST({x} AS BIGINT) AS DOUBLE)",
}


def sql_output(program: Program, inputs: Sequence[str], missing: str = "false") -> str:
    """The program's output for a row, in SQL: a DOUBLE, or an ARRAY<DOUBLE> where there are several.

    Args:
        program: what to compute.
        inputs: the numbers of a row of its input, in SQL, each a DOUBLE that is not NULL.
        missing: a condition on which each output is NULL.

    Raises:
        BundleError: SQL is not used for one of its operations, or the text becomes too long.
    """
    *_, last = program.steps
    shares = isinstance(last.operation, Activation) and last.operation.function == "softmax"
    found = _numbers(program, inputs, program.steps[:-1] if shares else program.steps)
    # A condition around the whole would keep Spark from computing common parts once.
    found = found if missing == "false" else [f"({n} + IF({missing}, NULL, 0D))" for n in found]
    if shares:
        shared = _softmax([f"z[{place}]" for place in range(len(found))])
        return f"transform(array(array({', '.join(found)})), z -> array({', '.join(shared)}))[0]"
    return found[0] if len(found) == 1 else f"array({', '.join(found)})"


def _numbers(program: Program, inputs: Sequence[str], steps: Sequence[Step]) -> Numbers:
    """What the last one of these steps gives."""
    values, shapes = [list(inputs)], program.shapes
    for step in steps:
        operation, given = step.operation, [values[value] for value in step.inputs]
        if missing := _without_sql(operation):
            raise BundleError(f"the engine sql has no {missing}: use the engine numpy")
        values.append(WRITERS[type(operation)](operation, shapes[step.inputs[0]], *given))
        products = sum(n.count(" * ") + n.count("get(") for n in values[-1])
        if isinstance(operation, Dense) and products > MOST_PRODUCTS:
            raise BundleError(
                f"the engine sql is for linear models and small networks, of {MOST_PRODUCTS:,} products as "
                f"SQL writes them at most, but this one has {products:,} or more: use the engine numpy"
            )
    return values[-1]


def double_literal(value: float) -> str:
    """A float32 as a DOUBLE of SQL, in as few digits as tell it from all others."""
    return f"{np.float32(value)!s}D"


def _without_sql(operation: Operation) -> str | None:
    """What an operation has that SQL is not used for."""
    if isinstance(operation, Activation) and operation.function not in ("softmax", *ACTIVATIONS):
        return operation.function
    if isinstance(operation, OneHot) and (operation.union or operation.levels > MOST_LEVELS):
        return f"{operation.name} of {operation.levels} levels"
    return None if type(operation) in WRITERS else operation.name


def _last_axis(x: Numbers, row: Shape) -> list[Numbers]:
    """The numbers along the last axis, for each place of the others."""
    width = row[-1]
    return [x[start : start + width] for start in range(0, len(x), width)]


def _dense(dense: Dense, row: Shape, x: Numbers) -> Numbers:
    bias = np.zeros(dense.kernel.shape[1]) if dense.bias is None else dense.bias
    x = [_in_own_method(n) for n in x]
    return [
        f"({' + '.join([*_products(each, weights), double_literal(b)])})"
        for each in _last_axis(x, row)
        for weights, b in zip(dense.kernel.T, bias, strict=True)
    ]


def _in_own_method(n: str) -> str:
    """The same number; a sum is written twice, so that Spark computes it once, in a method of its own.

    Else one method holds all, and outgrows what the JVM compiles (8,000 bytes) or allows (64 KB).
    """
    return f"greatest({n}, {n})" if " * " in n else n


def _products(x: Numbers, weights: np.ndarray) -> Iterator[str]:
    """The products of a sum; of numbers that the same code chooses their sum, chosen by it."""
    for code, group in groupby(zip(x, weights, strict=True), lambda pair: getattr(pair[0], "code", None)):
        pairs = list(group)
        if code is None:
            yield from (f"{n} * {double_literal(weight)}" for n, weight in pairs)
        else:
            values = [n.values * weight for n, weight in pairs]  # type: ignore[attr-defined]
            yield LookedUp(code, np.sum(values, axis=0))


def _affine(affine: Affine, row: Shape, x: Numbers) -> Numbers:
    for sign, part in (("+", affine.before), ("*", affine.scale), ("+", affine.after)):
        if part is not None:
            parts = np.broadcast_to(part, row).reshape(-1)
            x = [f"({n} {sign} {double_literal(p)})" for n, p in zip(x, parts, strict=True)]
    return x


def _activation(activation: Activation, row: Shape, x: Numbers) -> Numbers:
    if activation.function == "softmax":
        return [y for each in _last_axis(x, row) for y in _softmax(each)]
    text = ACTIVATIONS[activation.function]
    return [text.format(x=n, alpha=double_literal(activation.alpha)) for n in x]


def _softmax(x: Numbers) -> Numbers:
    """No exponential of a difference that is large matters: its quotient is 0."""
    return [f"(1D / ({' + '.join(f'exp({other} - {n})' for other in x)}))" for n in x]


def _columns(columns: Columns, row: Shape, x: Numbers) -> Numbers:
    return [n for each in _last_axis(x, row) for n in each[columns.start : columns.stop]]


def _embedding(embedding: Embedding, _: Shape, x: Numbers) -> Numbers:
    return [LookedUp(code, values) for code in x for values in embedding.table.T]


def _one_hot(one_hot: OneHot, _: Shape, x: Numbers) -> Numbers:
    return [LookedUp(code, values) for code in x for values in np.eye(one_hot.levels, dtype=np.float32)]


def _unchanged(_: Operation, __: Shape, x: Numbers) -> Numbers:
    return x


def _concatenate(_: Concatenate, row: Shape, *values: Numbers) -> Numbers:
    places = prod(row[:-1])
    return [n for place in range(places) for x in values for n in _part(x, place, places)]


def _part(x: Numbers, place: int, places: int) -> Numbers:
    width = len(x) // places
    return x[place * width : (place + 1) * width]


WRITERS: dict[type[Operation], Callable[..., Numbers]] = {
    Dense: _dense,
    Affine: _affine,
    Activation: _activation,
    Columns: _columns,
    Embedding: _embedding,
    OneHot: _one_hot,
    Reshape: _unchanged,
    Concatenate: _concatenate,
}
