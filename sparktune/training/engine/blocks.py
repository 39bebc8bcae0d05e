"""Many steps inside a graph, in blocks: outputs wait for their metrics no longer than a block takes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import numpy as np
import tensorflow as tf

from sparktune.training.engine.metrics import Metrics

BLOCK_NUMBERS = 2**19  # outputs that wait: 2 MB of float32
Sums = tuple[Any, list[Any]]  # loss summed over rows, state of the metrics


@final
@dataclass(frozen=True)
class Steps:
    """`count` steps of `rows` rows each, of which the last one has fewer if not `even`.

    `run(number)` gives the mean loss and the outputs (rows, ...) of one step, `targets(first, count)` the
    targets of some.
    """

    count: int
    run: Callable[[Any], tuple[Any, Any]]
    targets: Callable[[Any, Any], Any]
    rows: int
    even: bool


@final
class Blocks:
    """Adds up loss and metrics of a model over steps, while a graph is traced."""

    def __init__(self, model: Any) -> None:
        self._metrics, self._shape = Metrics(model), model.output_shape[1:]

    def start(self, y: Any) -> Sums:
        """The sums before any step, for targets like y."""
        return tf.constant(0.0), self._metrics.start(y)

    def add(self, sums: Sums, steps: Steps, compiled: int = 0) -> Sums:
        """The sums with those of the steps; XLA makes `compiled` at once, a divisor of their count."""
        length = compiled or min(self._limit(steps.rows), steps.count)
        run = partial(self._outputs, steps)
        if compiled:
            run = tf.function(run, autograph=False, jit_compile=True)

        def block(first: Any, total: Any, state: Any) -> Any:
            count = length if steps.count % length == 0 else tf.minimum(length, steps.count - first)
            loss, outputs = run(first, count)
            return (
                first + count,
                total + loss,
                self._metrics.add(state, outputs, *steps.targets(first, count)),
            )

        # One block goes without the loop around it, which takes 30 ms to trace.
        _, *sums = block(0, *sums) if length == steps.count else _while(steps.count, block, (0, *sums))
        return tuple(sums)

    def results(self, sums: Sums, rows: int) -> dict[str, Any]:
        """Mean loss over so many rows, and each metric by name."""
        total, state = sums
        return {**self._metrics.results(state), "loss": total / rows}

    def even(self, steps: int, rows: int) -> tuple[int, int]:
        """How many blocks of how many steps, each of so many rows, leave the fewest steps over."""
        least = -(-steps // self._limit(rows))
        blocks = min(range(least, 2 * least), key=lambda number: steps % number, default=0)
        return blocks, steps // max(blocks, 1)

    def _limit(self, rows: int) -> int:
        """Steps of so many rows whose outputs may wait."""
        return max(1, BLOCK_NUMBERS // (rows * int(np.prod(self._shape))))

    def _outputs(self, steps: Steps, first: Any, count: Any) -> tuple[Any, Any]:
        """Summed loss, and outputs side by side."""
        rows = steps.rows if steps.even else None

        def step(number: Any, total: Any, outputs: Any) -> Any:
            loss, output = steps.run(number)
            size = tf.cast(tf.shape(output)[0], tf.float32)
            return number + 1, total + loss * size, outputs.write(number - first, output)

        if steps.count == 1:
            loss, output = steps.run(first)
            return loss * tf.cast(tf.shape(output)[0], tf.float32), output
        waiting = tf.TensorArray(tf.float32, count, element_shape=(rows, *self._shape), infer_shape=False)
        _, total, waiting = _while(first + count, step, (first, tf.constant(0.0), waiting))
        return total, waiting.concat()


def _while(end: Any, body: Any, start: Any) -> Any:
    return tf.while_loop(lambda number, *_: number < end, body, start, parallel_iterations=1)
