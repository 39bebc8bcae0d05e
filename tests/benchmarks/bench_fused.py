"""Trials per hour on one device, GPU or CPU core: `model.fit`, compiled epochs, and fused trials.

Each way trains the same trials one after another in a process of its own, on the first GPU where there is
one, else on a CPU: sparktune on one core, `fit` with its default threads. What counts is the wall time from
the first trial to the last, tracing and compilation included; the import of TensorFlow, Spark and MLflow are
not measured here.
"""

import argparse
import multiprocessing
import os
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from digits import mnist, ten_classes
from machine import describe
from tables import Cell, publish, table

EXAMPLES = """examples:
  bench_fused.py                      both grids
  bench_fused.py table --fuse 8
  CUDA_VISIBLE_DEVICES=-1 bench_fused.py mnist
"""
GRIDS: dict[str, dict[str, list[Any]]] = {
    "mnist": {
        "neurons": [32, 64, 128, 256],
        "batch_size": [32, 128],
        "learning_rate": [0.001, 0.003, 0.01],
    },
    "table": {
        "neurons": [16, 32],
        "dropout": [0.1, 0.2, 0.3],
        "learning_rate": [0.001, 0.002, 0.005, 0.01],
    },
}
EPOCHS = {"mnist": 5, "table": 20}
WAYS = ("model.fit", "sparktune, one by one", "sparktune, fused")
Results = list[float]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("grids", nargs="*", metavar="GRID", default=list(GRIDS), help=", ".join(GRIDS))
    parser.add_argument("--fuse", type=int, default=16, help="trials that train as one, at most")
    parser.add_argument("--rounds", type=int, default=1, help="turns of each way")
    parser.add_argument("--markdown", type=Path, help="also write the table to this file")
    given = parser.parse_args()
    rows = [row for grid in given.grids for row in measured(grid, given.fuse, given.rounds)]
    columns = ["grid", "", "trials", "seconds", "trials / hour", "ratio", "best accuracy"]
    publish(
        f"Trials of one process on {rows[0][-1]}",
        describe(),
        table(columns, [r[:-1] for r in rows]),
        given.markdown,
    )


def measured(grid: str, fuse: int, rounds: int) -> list[list[Cell]]:
    """A row for each way, with the device at its end."""
    best: dict[str, tuple[float, Results, str]] = {}
    for way in WAYS * rounds:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found = pool.apply(work, (way, grid, fuse))
        best[way] = min(best.get(way, found), found)
    return [
        [
            grid,
            way,
            len(values),
            seconds,
            3600 * len(values) / seconds,
            best[WAYS[0]][0] / seconds,
            max(values),
            device,
        ]
        for way, (seconds, values, device) in best.items()
    ]


def work(way: str, grid: str, fuse: int) -> tuple[float, Results, str]:
    """Seconds, the trials' values and the device; runs in a process of its own."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    from sparktune.spec import StudySpec
    from sparktune.training.device import configure_device, load_tensorflow
    from sparktune.training.engine.tensors import device
    from sparktune.trial import Trial, seed_of

    points = [dict(zip(GRIDS[grid], values, strict=True)) for values in product(*GRIDS[grid].values())]
    spec = StudySpec.model_validate(
        {
            "search": {"space": GRIDS[grid]},
            "training": {"epochs": EPOCHS[grid], **({} if grid == "mnist" else {"batch_size": 32})},
            "resources": {"fuse": fuse},
        }
    )
    data = dataset(grid)
    trials = [Trial("grid", number, point, seed_of(1, point)) for number, point in enumerate(points)]
    if way == WAYS[0]:
        load_tensorflow()
    else:
        configure_device(1)
    where = device()
    started = time.perf_counter()
    values = TRAIN[way](trials, spec, data)
    return time.perf_counter() - started, values, where


def by_fit(trials: Any, spec: Any, data: Any) -> Results:
    """As a plain script would."""
    import keras

    from sparktune.training.run import compiled_model

    values = []
    for trial in trials:
        keras.utils.set_random_seed(trial.seed)
        model, plan = compiled_model(trial, spec, data)
        model.compile(model.optimizer, "sparse_categorical_crossentropy", ["accuracy"])  # XLA as Keras has it
        history = model.fit(
            data.train.x,
            data.train.y,
            validation_data=(data.validation.x, data.validation.y),
            epochs=plan.training.epochs,
            batch_size=plan.training.batch_size,
            verbose=0,
        )
        values.append(max(history.history["val_accuracy"]))
    return values


def one_by_one(trials: Any, spec: Any, data: Any) -> Results:
    """Compiled epochs."""
    from sparktune.training import run_trial

    return [run_trial(trial, spec, data).value for trial in trials]


def fused(trials: Any, spec: Any, data: Any) -> Results:
    """Trials of one graph key as one, as many as may be."""
    from sparktune.training import run_segments_batched
    from sparktune.training.graph_key import graph_key
    from sparktune.trial import Segment

    ordered = [Segment(trial) for trial in sorted(trials, key=lambda trial: graph_key(trial.params))]
    return [result.value for batch in run_segments_batched(ordered, spec, data) for result in batch]


TRAIN: dict[str, Callable[[Any, Any, Any], Results]] = dict(
    zip(WAYS, (by_fit, one_by_one, fused), strict=True)
)


def dataset(grid: str) -> Any:
    """8,000 training and 2,000 validation rows: real images, or a table of 20 columns with a rule in it."""
    from sparktune.data.dataset import Dataset, Rows

    x, y = mnist() if grid == "mnist" else numbers()
    schema = ten_classes(x.shape[1:], images=grid == "mnist")
    return Dataset(Rows(x[:8000], y[:8000]), Rows(x[8000:], y[8000:]), None, schema, grid)


def numbers() -> tuple[np.ndarray, np.ndarray]:
    """float32 (10000, 20) and ten classes of them."""
    random = np.random.default_rng(0)
    x = random.standard_normal((10_000, 20), np.float32)
    y = np.argmax(np.tanh(x @ random.standard_normal((20, 10))) + 0.3 * x[:, :10], axis=1)
    return x, y.astype(np.int32)


if __name__ == "__main__":
    main()
