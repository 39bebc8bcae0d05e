"""What a seed decides."""

import random

import numpy as np
import tensorflow as tf

from sparktune.training.seeding import seeded


def drawn(seed: int, own_code: bool = False) -> tuple[float, float, float]:
    with seeded(seed, own_code):
        return random.random(), np.random.random(), float(tf.random.uniform(()))


def test_a_seed_decides_the_numbers_of_python_and_numpy():
    assert drawn(1)[:2] == drawn(1)[:2] != drawn(2)[:2]


def test_own_code_may_use_tensorflows_generator():
    assert drawn(1, own_code=True) == drawn(1, own_code=True)
