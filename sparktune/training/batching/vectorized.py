"""`tf.vectorized_map` for the operations of a training step, some of which TensorFlow runs one by one.

It knows no vectorised form of a bit cast and of a rank (in Keras' accuracies) or of random numbers by stacked
seeds (in dropout) and puts a loop there, which costs more than the rest of a small step.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow.python.ops.parallel_for import pfor


def vectorized(function: Callable[[Any], Any], parts: Any) -> Any:
    """`function` of each slice along the first axis of all tensors in `parts`, at once."""
    for name, converter in CONVERTERS.items():
        if name not in pfor._pfor_converter_registry:
            pfor.RegisterPFor(name)(converter)
    return tf.vectorized_map(function, parts)


def _keys(given: Any) -> Any:
    """Keys and counters of random numbers, by stacked seeds."""
    seeds = tf.unstack(given.stacked_input(0))
    keys, counters = zip(*(tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed) for seed in seeds), strict=True)
    return [pfor.wrap(tf.stack(keys), True), pfor.wrap(tf.stack(counters), True)]


def _uniform(given: Any) -> Any:
    """Uniform numbers, by stacked keys and counters."""
    shape, algorithm = given.unstacked_input(0), given.unstacked_input(3)
    drawn = [
        tf.raw_ops.StatelessRandomUniformV2(
            shape=shape, key=key, counter=counter, alg=algorithm, dtype=given.get_attr("dtype")
        )
        for key, counter in zip(*(tf.unstack(given.stacked_input(n)) for n in (1, 2)), strict=True)
    ]
    return pfor.wrap(tf.stack(drawn), True)


def _in_top(given: Any) -> Any:
    """Whether each target is among the first `k` predictions."""
    given.stack_inputs([0, 1])
    predictions, targets, k = given.stacked_input(0), given.stacked_input(1), given.unstacked_input(2)
    rows = tf.reshape(predictions, [-1, tf.shape(predictions)[-1]])
    found = tf.raw_ops.InTopKV2(predictions=rows, targets=tf.reshape(targets, [-1]), k=k)
    return pfor.wrap(tf.reshape(found, tf.shape(targets)), True)


CONVERTERS = {
    "Bitcast": lambda given: pfor.wrap(tf.bitcast(given.stacked_input(0), given.get_attr("type")), True),
    "InTopKV2": _in_top,
    "StatelessRandomGetKeyCounter": _keys,
    "StatelessRandomUniformV2": _uniform,
}
