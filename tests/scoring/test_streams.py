"""The program of docs/streams.md: killed in between, it loses no row and scores none twice."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sparktune.bundle import Bundle

PAGE = Path(__file__).parents[2] / "docs" / "streams.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROWS = 50  # of a file
PATIENCE = 120  # seconds


def program(folder: Path) -> Path:
    """The program of the page, for the columns of the bundle `regression`."""
    text = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[
        0
    ]
    text = text.replace("age DOUBLE, visits DOUBLE", "a INT, b ARRAY<FLOAT>").replace(
        '"age", "visits"', '"a", "b"'
    )
    file = folder / "stream.py"
    file.write_text(text)
    return file


def arrive(folder: Path, numbers: range) -> np.ndarray:
    """A file for each number; gives the inputs of their rows."""
    folder.mkdir(exist_ok=True)
    inputs = []
    for number in numbers:
        x = np.random.default_rng(number).integers(0, 9, (ROWS, 4)).astype("float32")
        table = pa.table(
            {
                "id": pa.array(range(number * ROWS, (number + 1) * ROWS), pa.int64()),
                "a": pa.array(x[:, 0].astype("int32")),
                "b": pa.array(x[:, 1:].tolist(), pa.list_(pa.float32())),
            }
        )
        pq.write_table(table, folder / f".{number}")
        (folder / f".{number}").rename(folder / f"{number}.parquet")
        inputs.append(x)
    return np.concatenate(inputs)


@contextmanager
def started(words: list[str], folder: Path) -> Iterator[None]:
    """The program, with its JVM and workers in a session of its own; all of it is killed at the end."""
    settings = {
        "PYSPARK_SUBMIT_ARGS": "--master local[2] --conf spark.ui.enabled=false pyspark-shell",
        "PYTHONPATH": os.pathsep.join([str(PAGE.parents[1]), os.environ.get("PYTHONPATH", "")]),
    }
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *words],
            env={**os.environ, **settings},
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield
            assert process.poll() is None, (folder / "log").read_text()
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(batches: int, checkpoint: Path) -> None:
    """Until so many batches are complete."""
    end = time.monotonic() + PATIENCE
    while len(list(checkpoint.glob("commits/[0-9]*"))) < batches:
        assert time.monotonic() < end, (checkpoint.parent / "log").read_text()
        time.sleep(0.05)


@pytest.mark.usefixtures("spark")
def test_a_killed_stream_loses_no_row_and_scores_none_twice(
    spark: Any, bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    bundle, arriving, scored, checkpoint = (
        bundles["regression"],
        *(tmp_path / name for name in ("arriving", "scored", "checkpoint")),
    )
    first = arrive(arriving, range(6))
    words = [str(program(tmp_path)), str(bundle.path), str(arriving), str(scored), str(checkpoint)]
    with started(words, tmp_path):
        wait_for(2, checkpoint)
    assert len(list(checkpoint.glob("commits/[0-9]*"))) < 6, "the stream was killed in between"
    x = np.concatenate([first, arrive(arriving, range(6, 8))])
    with started(words, tmp_path):
        wait_for(8, checkpoint)
    rows = spark.read.parquet(str(scored)).orderBy("id").collect()
    assert [row.id for row in rows] == [*range(8 * ROWS)]
    np.testing.assert_allclose([row.churned for row in rows], bundle.predict(x)[:, 0], rtol=1e-5, atol=1e-6)
