"""NumPy computes a program on chunks of rows, whatever their type and order in memory."""

import numpy as np
import pytest

from sparktune.bundle.engines.program.compute import CHUNK_ROWS, Computation, not_computable
from sparktune.bundle.engines.program.operations import Convolution, Dense, Embedding, OneHot
from sparktune.bundle.engines.program.program import Program, Step
from sparktune.bundle.engines.program.translation import translate
from sparktune.errors import ScoringError
from tests.bundle.engines.program.networks import network, rows

CODES = Program((2,), (Step(Embedding(np.eye(3, dtype="f4")), (0,)),))


def test_rows_may_have_any_type_and_order_and_are_not_written_over() -> None:
    model = network("branches")
    computation, x = Computation(translate(model)), rows(model, 50)
    expected, before = computation.run(x), x.copy()
    for given in (np.asfortranarray(x), x.astype("f8"), x.astype("u1"), x.reshape(50, 6)):
        np.testing.assert_allclose(computation.run(given), expected, rtol=1e-6)
    np.testing.assert_array_equal(x, before)
    assert computation.run(x[:0]).shape == (0, 2)


def test_chunks_do_not_show() -> None:
    model = network("branches")
    computation, x = Computation(translate(model)), rows(model, CHUNK_ROWS[1] + 77)
    whole = computation.run(x)
    np.testing.assert_allclose(whole[-77:], computation.run(x[-77:]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("code", [3, -1])
def test_a_code_out_of_range_is_an_error(code: float) -> None:
    with pytest.raises(ScoringError, match="from 0 to 2, the rows of the model's embedding, but got"):
        Computation(CODES).run(np.array([[0, code]], "f4"))


def test_codes_out_of_range_are_none_of_the_levels() -> None:
    program = Program((2,), (Step(OneHot(2), (0,)),))
    assert Computation(program).run(np.array([[1, 5], [-1, 0]], "f4")).tolist() == [
        [0, 1, 0, 0],
        [0, 0, 1, 0],
    ]


def test_the_operation_that_numpy_is_not_used_for_is_named() -> None:
    convolution = Convolution(np.zeros((3, 3, 1, 2), "f4"))
    image = Program((8, 8, 1), (Step(convolution, (0,)),))
    assert not_computable(image) is convolution
    assert not_computable(Program((2,), (Step(Dense(np.zeros((2, 1), "f4")), (0,)),))) is None
