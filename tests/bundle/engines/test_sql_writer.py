"""A program in SQL: Spark computes what NumPy does."""

from typing import Any, get_args

import numpy as np
import pytest

from sparktune.bundle.engines.program.compute import Computation
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
)
from sparktune.bundle.engines.program.program import Program, Step
from sparktune.bundle.engines.sql_writer import ACTIVATIONS, sql_output
from sparktune.errors import BundleError

RANDOM = np.random.default_rng(3)
NAMES = ["a", "b", "c", "code"]
SCALE = Affine(weights := RANDOM.normal(size=4).astype("f4"), weights * 2, weights / 3)


def dense(inputs: int, units: int) -> Dense:
    return Dense(RANDOM.normal(size=(inputs, units)).astype("f4"), RANDOM.normal(size=units).astype("f4"))


def chain(*operations: Operation) -> Program:
    """Each operation takes what the one before gives."""
    return Program((4,), tuple(Step(each, (place,)) for place, each in enumerate(operations)))


def of_codes(table: Operation) -> Program:
    """The quantities and what a code stands for, side by side, through two layers."""
    steps = [
        Step(Columns(0, 3), (0,)),
        Step(Columns(3, 4), (0,)),
        Step(table, (2,)),
        Step(Reshape((5,)), (3,)),
        Step(Concatenate(), (1, 4)),
        Step(dense(8, 3), (5,)),
        Step(Activation("relu"), (6,)),
        Step(dense(3, 2), (7,)),
        Step(Activation("softmax"), (8,)),
    ]
    return Program((4,), tuple(steps))


PROGRAMS = {
    "linear": chain(dense(4, 1)),
    "no bias": chain(Dense(np.ones((4, 2), "f4"))),
    "scaled": chain(SCALE, Affine(scale=np.float32(0.5)), dense(4, 2)),
    "one-hot": of_codes(OneHot(5)),
    "embedding": of_codes(Embedding(RANDOM.normal(size=(4, 5)).astype("f4"))),
    "a code alone": chain(Columns(3, 4), OneHot(5)),
    "steps": Program((4,), tuple(Step(o, (n,)) for n, o in enumerate([Reshape((2, 2)), dense(2, 3)]))),
    **{str(name): chain(Activation(name, 0.3)) for name in ACTIVATIONS if name != "truncate"},
    "softmax": chain(Activation("softmax")),
    "truncate": chain(Activation("truncate")),
}
ROWS = np.array([[0, 0, 0, 0], [1.5, -2.25, 0.1, 3], [-90, 88, 3, 1], [1e-3, 2e4, -3e4, 2]], "f4")


def test_spark_computes_what_numpy_does(spark: Any) -> None:
    outputs = {name: sql_output(program, NAMES) for name, program in PROGRAMS.items()}
    columns = ", ".join(outputs.values())
    values = ", ".join(f"({', '.join(f'{float(n)!r}D' for n in row)})" for row in ROWS)
    found = spark.sql(f"SELECT {columns} FROM VALUES {values} AS t({', '.join(NAMES)})").collect()
    for place, (name, program) in enumerate(PROGRAMS.items()):
        with np.errstate(over="ignore"):
            got = np.array([np.ravel(row[place]) for row in found]).astype("f4")  # as a function answers
        np.testing.assert_allclose(got, Computation(program).run(ROWS), 1e-5, 1e-6, err_msg=name)


def test_what_sql_is_not_used_for_is_named() -> None:
    without = set(get_args(Function)) - set(ACTIVATIONS) - {"softmax"}
    assert without == {"gelu", "hard_sigmoid", "relu6"}
    for program, name in (
        (chain(Activation("gelu")), "gelu"),
        (chain(OneHot(3, union=True)), "one_hot of 3 levels"),
    ):
        with pytest.raises(BundleError, match=f"the engine sql has no {name}: use the engine numpy"):
            sql_output(program, NAMES)


def test_a_network_that_is_too_large_is_refused() -> None:
    with pytest.raises(BundleError, match="linear models and small networks"):
        sql_output(chain(dense(4, 500), Activation("relu"), dense(500, 2)), NAMES)
