"""Memory of one process that trains one trial after another: plain Keras, and sparktune.

Each way trains the same models (64-512-512-10, adam, one epoch of 512 rows) in a process of its own. `MB` is
the process's own resident memory after the tenth and after the last trial; `ms` are CPU milliseconds of a
trial, the mean of all but the first ten. The bar: 1,000 trials stay within 100 MB of the tenth, and letting
go of memory costs at most 3 %.
"""

import argparse
import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from digits import ten_classes
from machine import describe
from tables import Cell, publish, table

EXAMPLES = """examples:
  bench_growth.py                  60 trials
  bench_growth.py --trials 1000    the bar's
"""
COLUMNS = ("", "trials", "MB at 10", "MB at the end", "MB a trial", "ms a trial", "let go", "within 100 MB")
WAYS = ("plain Keras, fit", "sparktune, never lets go", "sparktune")
PLAIN = 60  # trials of plain Keras at most, which grows by megabytes with each
BAR = 100.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ways", nargs="*", metavar="WAY", default=list(WAYS), help=", ".join(WAYS))
    parser.add_argument("--trials", type=int, default=60, help="trials of each way")
    parser.add_argument("--markdown", type=Path, help="also write the table to this file")
    given = parser.parse_args()
    rows = []
    for way in given.ways:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            rows.append(pool.apply(work, (way, given.trials)))
        print(*rows[-1], sep="  ", flush=True)
    publish("Memory of a worker over its trials", describe(), table(COLUMNS, rows), given.markdown)


def work(way: str, trials: int) -> list[Cell]:
    """The table's line of a way; runs in a process of its own."""
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")
    from sparktune.training import memory
    from sparktune.training.preload import preload

    preload()
    releaser = memory.MemoryReleaser(memory.GROWTH if way == WAYS[2] else float("inf"))
    train = plain() if way == WAYS[0] else by_sparktune(releaser)
    last = min(trials, PLAIN) if way == WAYS[0] else trials
    at_ten, started = 0.0, 0.0
    for number in range(1, last + 1):
        train(number)
        if number == min(10, last):
            at_ten, started = memory.own_mb() or 0.0, time.process_time()
    end, spent = memory.own_mb() or 0.0, time.process_time() - started
    later = max(1, last - 10)
    within = "yes" if end - at_ten <= BAR else "NO"
    growth, each = (end - at_ten) / later, 1000 * spent / later
    return [way, last, at_ten, end, growth, each, releaser.releases, within]


def rows() -> tuple[np.ndarray, np.ndarray]:
    """float32 (512, 64) and ten classes."""
    random = np.random.default_rng(0)
    return random.random((512, 64), np.float32), random.integers(0, 10, 512).astype(np.int32)


def plain() -> Callable[[int], None]:
    """As a plain script would."""
    import keras

    x, y = rows()

    def train(number: int) -> None:
        keras.utils.set_random_seed(number)
        hidden = [keras.layers.Dense(512, activation="relu") for _ in range(2)]
        model = keras.Sequential([keras.Input((64,)), *hidden, keras.layers.Dense(10, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
        model.fit(x, y, validation_data=(x, y), batch_size=128, verbose=0)

    return train


def by_sparktune(releaser: Any) -> Callable[[int], None]:
    """As a worker does, with this releaser."""
    from sparktune.data.dataset import Dataset, Rows
    from sparktune.spec import StudySpec
    from sparktune.training import run
    from sparktune.trial import Trial

    run.RELEASER = releaser
    part = Rows(*rows())
    data = Dataset(part, part, None, ten_classes((64,), images=False), "growth")
    spec = StudySpec.model_validate(
        {
            "model": {"hidden": [512, 512]},
            "search": {"space": {"learning_rate": [0.001, 0.01]}},
            "training": {"epochs": 1, "batch_size": 128},
        }
    )

    def train(number: int) -> None:
        trial = Trial("growth", number, {"learning_rate": 0.001}, number, front=((1.0,),))
        result = run.run_trial(trial, spec, data)
        if result.error:
            raise RuntimeError(result.error)

    return train


if __name__ == "__main__":
    main()
