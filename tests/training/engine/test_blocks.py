import keras
import numpy as np
import pytest
import tensorflow as tf

from sparktune.training.engine.blocks import Blocks, Steps

ROWS, BATCH = 23, 4
OUTPUT = np.linspace(0, 1, ROWS, dtype=np.float32)[:, None]
Y = (OUTPUT > 0.4).astype(np.float32)


def blocks(monkeypatch: pytest.MonkeyPatch, numbers: int) -> Blocks:
    monkeypatch.setattr("sparktune.training.engine.blocks.BLOCK_NUMBERS", numbers)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(loss="mse", metrics=[keras.metrics.BinaryAccuracy(name="accuracy")])
    return Blocks(model)


@pytest.mark.parametrize("kept", [1, 2, 3, 6, 100], ids=lambda kept: f"{kept} steps")
def test_sums_do_not_depend_on_the_length_of_a_block(monkeypatch: pytest.MonkeyPatch, kept: int) -> None:
    waiting: list[int] = []

    def rows(array: np.ndarray, first: int, count: int) -> tf.Tensor:
        return tf.constant(array[int(first) * BATCH : (int(first) + int(count)) * BATCH])

    def targets(first: int, count: int) -> list[tf.Tensor]:
        waiting.append(int(count))
        return [rows(Y, first, count)]

    steps = Steps(6, lambda number: (float(number), rows(OUTPUT, number, 1)), targets, BATCH, even=False)
    sums = blocks(monkeypatch, kept * BATCH)
    found = sums.results(sums.add(sums.start(Y), steps), ROWS)
    assert float(found["loss"]) == pytest.approx((4 * (0 + 1 + 2 + 3 + 4) + 3 * 5) / ROWS)
    assert float(found["accuracy"]) == pytest.approx(np.mean((OUTPUT > 0.5) == Y))
    assert sum(waiting) == 6 and max(waiting) == min(kept, 6)


@pytest.mark.parametrize(
    ("steps", "blocks_of", "left"), [(0, (0, 0), 0), (7, (1, 7), 0), (12, (2, 6), 0), (23, (3, 7), 2)]
)
def test_blocks_of_one_length_leave_few_steps(
    monkeypatch: pytest.MonkeyPatch, steps: int, blocks_of: tuple[int, int], left: int
) -> None:
    number, length = blocks(monkeypatch, 10 * BATCH).even(steps, BATCH)
    assert (number, length) == blocks_of and steps - number * length == left
