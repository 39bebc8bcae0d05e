"""Every random number of a trial follows from its seed."""

import gc
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

LONG = 10.0  # seconds


@contextmanager
def seeded(seed: int, own_code: bool) -> Iterator[None]:
    """Every random number follows from `seed`; a long trial leaves no memory behind.

    Keras draws its seeds from Python's generator. Code of the user may also use TensorFlow's, whose seeding
    makes it forget the kernels of all graphs: 0.1 s for the next trial, which `clear_session` would cost too.
    A collection would take a quarter of a second: Python's own comes often enough for short trials.
    """
    import keras

    random.seed(seed)
    np.random.seed(seed)
    if own_code:
        keras.utils.set_random_seed(seed)
    started = time.perf_counter()
    try:
        yield
    finally:
        if time.perf_counter() - started > LONG:
            gc.collect()
