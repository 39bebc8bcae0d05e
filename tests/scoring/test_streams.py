"""The programs of docs/streams.md: killed in between, no row is lost and none is scored twice."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sparktune.bundle import Bundle
from sparktune.scoring import register

PAGE = Path(__file__).parents[2] / "docs" / "streams.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROWS = 50  # of a file
PATIENCE = 120  # seconds


def program(folder: Path) -> Path:
    """The program of the page, in a file."""
    file = folder / "stream.py"
    file.write_text(block(0))
    return file


def block(number: int) -> str:
    """Python of the page, for the columns of the bundle `regression`."""
    text = BLOCK.findall(PAGE.read_text(encoding="utf-8"))[number]
    columns = {"age DOUBLE, visits DOUBLE": "a INT, b ARRAY<FLOAT>", '"age", "visits"': '"a", "b"'}
    for name, here in columns.items():
        assert name in text
        text = text.replace(name, here)
    return text


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


def wait_for(reached: Callable[[], bool], log: Path) -> None:
    """Until something is so; `log` is what the program says."""
    end = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)


def batches(checkpoint: Path) -> int:
    """How many are complete."""
    return len(list(checkpoint.glob("commits/[0-9]*")))


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
    log = tmp_path / "log"
    with started(words, tmp_path):
        wait_for(lambda: batches(checkpoint) >= 2, log)
    assert batches(checkpoint) < 6, "the stream was killed in between"
    x = np.concatenate([first, arrive(arriving, range(6, 8))])
    with started(words, tmp_path):
        # The first batch after a kill may take two files.
        wait_for(lambda: spark.read.parquet(str(scored)).count() >= 8 * ROWS, log)
    rows = spark.read.parquet(str(scored)).orderBy("id").collect()
    assert [row.id for row in rows] == [*range(8 * ROWS)]
    np.testing.assert_allclose([row.churned for row in rows], bundle.predict(x)[:, 0], rtol=1e-5, atol=1e-6)


def test_messages_of_kafka_are_answered_by_their_key(
    spark: Any, bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    """The page's block between files in place of a broker, which stand for the topics."""
    x = np.random.default_rng(0).integers(0, 9, (ROWS, 4)).astype("float32")
    messages = [
        (f"key {n}".encode(), json.dumps({"id": n, "a": int(row[0]), "b": row[1:].tolist()}).encode())
        for n, row in enumerate(x)
    ]
    topic, answered = tmp_path / "customers", tmp_path / "churned"
    spark.createDataFrame(messages, "key BINARY, value BINARY").coalesce(1).write.parquet(str(topic))
    text = block(1)
    for kafka, here in {
        'readStream.format("kafka")': 'readStream.schema("key BINARY, value BINARY").format("parquet")',
        ".load()": f".load({str(topic)!r})",
        'writeStream.format("kafka")': f'writeStream.format("parquet").option("path", {str(answered)!r})',
        "/data/checkpoint": str(tmp_path / "checkpoint"),
        ".start()": ".trigger(availableNow=True).start()",
    }.items():
        assert text.count(kafka) == 1, kafka
        text = text.replace(kafka, here)
    names = {"spark": spark, "predict": register(spark, bundles["regression"], "of_message")}
    exec(compile(text, "the block of Kafka", "exec"), names)
    names["query"].awaitTermination()
    rows = spark.read.parquet(str(answered)).collect()
    found = {bytes(row.key).decode(): json.loads(row.value) for row in rows}
    assert {key: answer["id"] for key, answer in found.items()} == {f"key {n}": n for n in range(ROWS)}
    np.testing.assert_allclose(
        [found[f"key {n}"]["churned"] for n in range(ROWS)],
        bundles["regression"].predict(x)[:, 0],
        rtol=1e-5,
        atol=1e-6,
    )
