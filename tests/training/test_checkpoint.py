"""A checkpoint reads back as it was, or not at all."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparktune.errors import CheckpointError
from sparktune.training.checkpoint import Checkpoint, plain_state, size_of

ARRAYS = [np.arange(6, dtype=np.float32).reshape(2, 3), np.zeros((0, 4), np.int32), np.array(7, np.int64)]
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
TREES = st.recursive(
    PLAIN,
    lambda part: (
        st.lists(part)
        | st.lists(part).map(tuple)
        | st.dictionaries(st.text().filter(lambda name: not name.startswith("$")), part)
    ),
)


def checkpoint(state: object = None) -> Checkpoint:
    return Checkpoint(5, 2, 9, ARRAYS, ARRAYS[:1], [True, False], {"n": 1}, [state], {}, "graph")


def test_arrays_read_back_with_type_and_shape():
    read = Checkpoint.from_bytes(checkpoint().to_bytes())
    for one, other in zip(read.variables, ARRAYS, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    assert (read.seed, read.epochs, read.budget, read.trainable) == (5, 2, 9, [True, False])
    assert (read.tracker, read.compiler) == ({"n": 1}, "graph")


def test_files_of_earlier_versions_have_no_numbers_and_read_back():
    old = checkpoint()
    del vars(old)["numbers"], vars(old)["settings"]
    read = Checkpoint.from_bytes(old.to_bytes())
    assert (read.seed, read.numbers, read.settings) == (5, [], {})


@given(TREES)
def test_any_plain_state_reads_back(state):
    assert plain_state(state)
    assert Checkpoint.from_bytes(checkpoint(state).to_bytes()).callbacks == [state]


def test_random_generators_and_numbers_of_numpy_read_back():
    state = [random.getstate(), np.float32(0.1), math.inf]
    (read,) = Checkpoint.from_bytes(checkpoint(state).to_bytes()).callbacks
    assert read == state
    assert type(read[1]) is np.float32
    assert math.isnan(Checkpoint.from_bytes(checkpoint(math.nan).to_bytes()).callbacks[0])


@pytest.mark.parametrize(
    "state",
    [{1, 2}, b"bytes", object(), {1: 2}, {"$array": 1}, np.array(["text"]), np.array([None])],
    ids=["set", "bytes", "object", "key", "marker", "text", "objects"],
)
def test_what_is_not_plain_is_refused(state):
    assert not plain_state(state)
    with pytest.raises(CheckpointError, match="a checkpoint cannot hold a value of type"):
        checkpoint(state).to_bytes()


@pytest.mark.parametrize("place", [0, 30, 60, 200, -1])
def test_one_wrong_byte_is_damage(place):
    content = bytearray(checkpoint().to_bytes())
    content[place] ^= 1
    for damaged in (bytes(content), bytes(content[:-1]), b"", b"no checkpoint"):
        with pytest.raises(CheckpointError, match="the checkpoint is damaged"):
            Checkpoint.from_bytes(damaged)


def test_a_size_is_that_of_all_arrays():
    assert size_of(ARRAYS) == 24 + 0 + 8
    large = checkpoint({"table": ARRAYS[0], "text": "ü"})
    assert large.size == len(large.to_bytes())
