"""CPU time per training step: compiled epochs against `model.fit`, for every kind of model.

Three processes take turns, so that other work on the machine hits them alike: `fit` as tools run it
(TensorFlow's default threads), `fit` with one thread, and sparktune with one thread. The figures are
medians of microseconds of process CPU time per step, over the epochs after the first. The bars are held
against `fit` as tools run it. `first` and `later` are the CPU seconds that the first and each later trial
of a structure pay beside their steps: drawing, compiling, evaluation.
"""

import argparse
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import seed
from typing import Any

import numpy as np
from digits import mnist, ten_classes
from machine import describe
from tables import Cell, publish, table

COLUMNS = (
    "model",
    "fit",
    "fit, 1 thread",
    "sparktune",
    "x 1 thread",
    "x fit",
    "bar",
    "met",
    "compiler",
    "first",
    "later",
)
EPOCHS = 4  # of a turn; the first is not counted


@dataclass(frozen=True)
class Case:
    """A model on some rows. `epochs` is how long a trial would be, for the choice of the compiler."""

    model: dict[str, Any]
    data: str
    rows: int = 8000
    batch: int = 32
    epochs: int = 5
    optimizer: str = "adam"
    bar: float = 1.0


CASES = {
    "784-128-10": Case({"kind": "mlp", "neurons": 128}, "images", bar=6),
    "784-128-10 batch 128": Case({"kind": "mlp", "neurons": 128}, "images", batch=128, bar=4),
    "784-100-75-10 sgd": Case({"kind": "mlp", "hidden": [100, 75]}, "images", optimizer="sgd", bar=5),
    "784-128-10 dropout l2": Case({"kind": "mlp", "neurons": 128, "dropout": 0.3, "l2": 1e-4}, "images"),
    "784-128-10 rmsprop": Case({"kind": "mlp", "neurons": 128}, "images", optimizer="rmsprop"),
    "tabular 16, batch norm": Case(
        {"kind": "mlp", "neurons": 16, "batch_norm": True}, "table", epochs=50, bar=15
    ),
    "tabular 64-32": Case({"kind": "mlp", "hidden": [64, 32]}, "table", epochs=50),
    "logistic regression": Case({"kind": "linear"}, "table", epochs=50, optimizer="sgd"),
    "SimpleRNN(64)": Case({"kind": "rnn", "cell": "simple_rnn"}, "sequences", rows=1600, epochs=50, bar=4),
    "LSTM(64)": Case({"kind": "rnn", "cell": "lstm"}, "sequences", rows=1600, epochs=50, bar=2.5),
    "GRU(64)": Case({"kind": "rnn", "cell": "gru"}, "sequences", rows=960, epochs=80),
    "Embedding, SimpleRNN(32)": Case(
        {"kind": "rnn", "cell": "simple_rnn", "units": 32, "vocabulary": 1000}, "tokens", rows=1600, epochs=50
    ),
    "CNN 32-64-128": Case({"kind": "cnn"}, "images", rows=960, bar=1.15),
    "CNN 16, batch norm": Case(
        {"kind": "cnn", "filters": [16], "hidden": [], "batch_norm": True}, "images", rows=960
    ),
}


def arrays(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and labels; real images where they are at hand."""
    random = np.random.default_rng(0)
    if case.data in ("images", "sequences"):
        x, y = mnist()
        return x[: case.rows], y[: case.rows]
    y = random.integers(0, 10, case.rows).astype(np.int32)
    if case.data == "tokens":
        return random.integers(0, 1000, (case.rows, 40)).astype(np.int32), y
    return random.random((case.rows, 16), np.float32), y


def prepared(case: Case) -> tuple[Callable[[], Any], Any]:
    """A function that builds the compiled model, and the rows."""
    from sparktune.data.dataset import Rows
    from sparktune.spec import KINDS, TrainingSpec
    from sparktune.training.compiling import compile_for_training
    from sparktune.training.kinds.base import build_model

    x, y = arrays(case)
    schema = ten_classes(x.shape[1:], images=case.data in ("images", "sequences"))
    training = TrainingSpec(epochs=case.epochs, batch_size=case.batch, optimizer=case.optimizer)
    model_spec = KINDS.load(case.model["kind"])(**case.model)

    def build() -> Any:
        seed(1)  # Keras draws its seeds from there; to seed TensorFlow too would cost it its kernels
        model = build_model(model_spec, schema)
        compile_for_training(model, training, schema, case.rows)
        return model

    return build, Rows(x, y)


class Clock:
    """CPU seconds of the epochs, validation left out; stops the training after a few."""

    def __init__(self) -> None:
        self.epochs: list[float] = []
        self.started = 0.0

    def callback(self, model: Any) -> Any:
        import keras

        def begin(epoch: int, logs: Any) -> None:
            self.started = time.process_time()

        def trained(logs: Any) -> None:
            self.epochs.append(time.process_time() - self.started)

        def end(epoch: int, logs: Any) -> None:
            model.stop_training = len(self.epochs) == EPOCHS

        callback = keras.callbacks.LambdaCallback(on_epoch_begin=begin, on_epoch_end=end)
        callback.on_test_begin = trained
        return callback


def work(way: str, orders: Any) -> None:
    """A process that trains a case in one way whenever it is told to, and answers with its clock."""
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")
    import tensorflow as tf

    if way != "fit":
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    for name in iter(orders.recv, None):
        orders.send(measured(way, CASES[name]))


def measured(way: str, case: Case) -> tuple[list[float], float, dict[str, str]]:
    """Seconds per step of each later epoch, seconds beside the steps, notes."""
    from sparktune.data.dataset import Rows
    from sparktune.training.epochs import FitConfig, train

    build, rows = prepared(case)
    model, clock, notes = build(), Clock(), {}
    validation = Rows(rows.x[:256], rows.y[:256])
    callbacks = [clock.callback(model)]
    started = time.process_time()
    if way == "sparktune":
        notes = train(model, rows, validation, FitConfig(case.epochs, case.batch, 256), callbacks)
    else:
        data = (validation.x, validation.y)
        options: dict[str, Any] = {"batch_size": case.batch, "epochs": case.epochs, "verbose": 0}
        model.fit(rows.x, rows.y, validation_data=data, callbacks=callbacks, **options)
    steady = statistics.median(clock.epochs[1:])
    beside = time.process_time() - started - steady * EPOCHS
    return [seconds / -(-case.rows // case.batch) for seconds in clock.epochs[1:]], beside, notes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"all by default: {', '.join(CASES)}")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each process")
    parser.add_argument("--markdown", type=Path, help="also write the table to this file")
    given = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    ways: dict[str, Any] = {}
    for way in ("fit", "fit, one thread", "sparktune"):
        ways[way], far = context.Pipe()
        context.Process(target=work, args=(way, far), daemon=True).start()
        far.close()  # so that a worker that dies is noticed
    rows = [show(row(name, ways, given.rounds)) for name in given.cases or CASES]
    for pipe in ways.values():
        pipe.send(None)
    publish("CPU time per training step", describe(), table(COLUMNS, rows), given.markdown)


def show(cells: list[Cell]) -> list[Cell]:
    """The cells, printed as they come."""
    print(*cells, sep="  ", flush=True)
    return cells


def row(name: str, ways: dict[str, Any], rounds: int) -> list[Cell]:
    """The table's line of a case."""
    steps: dict[str, list[float]] = {way: [] for way in ways}
    beside: list[float] = []
    notes: dict[str, str] = {}
    for _ in range(rounds):
        for way, pipe in ways.items():
            pipe.send(name)
            seconds, extra, notes = pipe.recv()
            steps[way] += seconds
        beside.append(extra)
    fit, single, ours = (statistics.median(values) * 1e6 for values in steps.values())
    bar = CASES[name].bar
    verdict = "yes" if fit / ours >= bar else "NO"
    compiler = notes.compiler or notes.reason or ""
    return [
        name,
        fit,
        single,
        ours,
        single / ours,
        fit / ours,
        bar,
        verdict,
        compiler,
        beside[0],
        min(beside[1:] or beside),
    ]


if __name__ == "__main__":
    main()
