"""What is vectorised gives what it gives one by one, without a loop."""

import numpy as np
import pytest
import tensorflow as tf

from sparktune.training.batching.vectorized import vectorized


def masks(seed: tf.Tensor) -> tf.Tensor:
    return tf.nn.experimental.stateless_dropout(tf.ones((3, 4)), 0.5, seed)


def bits(number: tf.Tensor) -> tf.Tensor:
    return tf.bitcast(number, tf.int32)


def ranks(predictions: tf.Tensor) -> tf.Tensor:
    return tf.math.in_top_k(tf.constant([0, 2]), predictions, 2)


RANKED = [[[0.1, 0.2, 0.3], [0.1, 0.2, 0.3]], [[0.3, 0.2, 0.1], [0.3, 0.2, 0.1]]]


@pytest.mark.parametrize(
    ("function", "parts"),
    [(masks, [[1, 2], [3, 4], [5, 6]]), (bits, [1.5, -0.0]), (ranks, RANKED)],
    ids=["masks", "bits", "ranks"],
)
def test_all_at_once_is_one_by_one(function, parts):
    drawn = tf.function(lambda given: vectorized(function, given))
    given = tf.constant(parts)
    assert not [op for op in drawn.get_concrete_function(given).graph.get_operations() if "While" in op.type]
    np.testing.assert_array_equal(drawn(given), [function(part) for part in given])
