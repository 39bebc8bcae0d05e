"""Parquet files scored in this process have the rows and answers that Spark writes."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sparktune.bundle import Bundle, export_bundle
from sparktune.cores import usable_cores
from sparktune.errors import ScoringError
from sparktune.scoring import score
from sparktune.scoring.without_spark import score_files
from tests.bundle.models import inputs
from tests.scoring.test_parquet_files import COLUMNS

ROWS = 40
FEATURES = [f"f{number}" for number in range(20)]


def table(rows: int = ROWS) -> pa.Table:
    """20 features and a key; row 3 has a NULL among its features."""
    x = inputs("binary", rows)
    columns = {name: pa.array(x[:, place], mask=np.arange(rows) == 3) for place, name in enumerate(FEATURES)}
    return pa.table({"id": np.arange(rows), **columns})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two files, one of several row groups."""
    place = tmp_path / "rows"
    place.mkdir()
    pq.write_table(table().slice(0, 25), place / "a.parquet", row_group_size=7)
    pq.write_table(table().slice(25), place / "b.parquet")
    return place


def read(spark: Any, place: Path, key: str = "id") -> list[Any]:
    return list(spark.read.parquet(str(place)).orderBy(key).collect())


@pytest.mark.parametrize("engine", ["numpy", "onnx"])
def test_rows_and_answers_are_those_of_spark(
    spark: Any, bundles: dict[str, Bundle], source: Path, tmp_path: Path, engine: str
) -> None:
    bundle = bundles["binary"].with_engine(engine) if engine == "numpy" else onnx(bundles["binary"], tmp_path)
    assert score(spark, bundle, source, tmp_path / "by_spark") == ROWS
    assert score_files(bundle, str(source), str(tmp_path / "here")) == ROWS
    here, there = read(spark, tmp_path / "here"), read(spark, tmp_path / "by_spark")
    assert (
        spark.read.parquet(str(tmp_path / "here")).dtypes
        == spark.read.parquet(str(tmp_path / "by_spark")).dtypes
    )
    assert [row.prediction for row in here] == [row.prediction for row in there]
    assert here[3].prediction is here[3].probability is None
    for one, other in zip(here, there, strict=True):
        assert one.probability == pytest.approx(other.probability, abs=1e-6)
        assert one[:-2] == other[:-2]


def onnx(bundle: Bundle, folder: Path) -> Bundle:
    model = bundle.path / bundle.manifest.engines["keras"]
    return export_bundle(model, bundle.schema, bundle.lineage, folder / "onnx", engines=["onnx"])


def test_columns_of_every_type_come_back_as_spark_writes_them(
    spark: Any, bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    rows = table(2)
    for name, column in COLUMNS.items():
        rows = rows.append_column(name, column)
    pq.write_table(rows, tmp_path / "rows.parquet")
    score(spark, bundles["binary"], tmp_path / "rows.parquet", tmp_path / "by_spark")
    kept = ["level", "id", *(name for name in COLUMNS if name != "level")]
    assert (
        score_files(bundles["binary"], str(tmp_path / "rows.parquet"), str(tmp_path / "here"), columns=kept)
        == 2
    )
    here = spark.read.parquet(str(tmp_path / "here"))
    assert here.columns == [*kept, "prediction", "probability"]
    expected = spark.read.parquet(str(tmp_path / "by_spark")).select(*here.columns)
    assert here.dtypes == expected.dtypes
    assert repr(here.orderBy("id").collect()) == repr(expected.orderBy("id").collect())  # nan is nan


@pytest.mark.parametrize("kind", ["classes", "regression"])
def test_answers_of_every_task(spark: Any, bundles: dict[str, Bundle], tmp_path: Path, kind: str) -> None:
    bundle = onnx(bundles[kind], tmp_path)
    flat, features, at = inputs(kind, 6).reshape(6, -1).astype("f4"), {}, 0
    for feature in bundle.schema.features:
        numbers = flat[:, at : at + feature.width]
        features[feature.name] = pa.array(list(numbers) if feature.shape else numbers[:, 0])
        at += feature.width
    pq.write_table(pa.table({"id": range(6), **features}), tmp_path / "rows.parquet")
    score(spark, bundle, tmp_path / "rows.parquet", tmp_path / "by_spark", columns=["id"])
    assert score_files(bundle, str(tmp_path / "rows.parquet"), str(tmp_path / "here"), columns=["id"]) == 6
    here, there = read(spark, tmp_path / "here"), read(spark, tmp_path / "by_spark")
    assert [row.asDict().keys() for row in here] == [row.asDict().keys() for row in there]
    for one, other in zip(here, there, strict=True):
        assert one.prediction == pytest.approx(other.prediction, rel=1e-6)
        assert "probability" not in one or one.probability == pytest.approx(other.probability, abs=1e-6)


@pytest.mark.parametrize("groups", [0, 1])
def test_no_rows_are_a_table_too(spark: Any, bundles: dict[str, Bundle], tmp_path: Path, groups: int) -> None:
    empty = table().slice(0, 0)
    with pq.ParquetWriter(tmp_path / "rows.parquet", empty.schema) as file:
        for _ in range(groups):
            file.write_table(empty)
    assert score_files(bundles["binary"], str(tmp_path / "rows.parquet"), str(tmp_path / "here")) == 0
    written = spark.read.parquet(str(tmp_path / "here"))
    assert written.count() == 0
    assert written.columns == ["id", *FEATURES, "prediction", "probability"]


def test_what_takes_spark_is_left_to_it(bundles: dict[str, Bundle], source: Path, tmp_path: Path) -> None:
    bundle, target = bundles["binary"], str(tmp_path / "out")
    assert score_files(bundle.with_engine("keras"), str(source), target) is None
    assert score_files(bundle.with_engine("sql"), str(source), target) is None
    assert score_files(bundle, str(source), f"{target}.csv") is None
    assert score_files(bundle, "a_table", target) is None
    assert not list(tmp_path.glob("out*"))


def test_a_column_that_stands_twice_is_refused(
    bundles: dict[str, Bundle], source: Path, tmp_path: Path
) -> None:
    with pytest.raises(ScoringError, match="the columns to keep must differ, but 'id' stands twice"):
        score_files(bundles["binary"], str(source), str(tmp_path / "scored"), columns=["id", "id"])
    assert not (tmp_path / "scored").exists()


def test_a_target_is_replaced_only_where_that_is_wanted(
    bundles: dict[str, Bundle], source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "scored"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(
        ScoringError, match="exists already; choose another place, or replace it by --overwrite"
    ):
        score_files(bundles["binary"], str(source), str(target))
    assert score_files(bundles["binary"], str(source), str(target), "overwrite") == ROWS
    assert not (target / "old").exists()
    assert (target / "_SUCCESS").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows", "scored"]


def test_a_target_that_holds_the_source_is_refused(
    bundles: dict[str, Bundle], source: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(source)
    for target in (source, tmp_path / "link", tmp_path):
        with pytest.raises(ScoringError, match="must be another place than the input"):
            score_files(bundles["binary"], str(source), str(target), "overwrite")
    assert len(list(source.iterdir())) == 2


def test_a_row_that_cannot_be_read_leaves_nothing(
    bundles: dict[str, Bundle], source: Path, tmp_path: Path
) -> None:
    cut = (source / "b.parquet").read_bytes()
    (source / "b.parquet").write_bytes(cut[:40] + b"\xff" * 200 + cut[240:])
    with pytest.raises(ScoringError, match=r"the input '.*b\.parquet' cannot be read as parquet: "):
        score_files(bundles["binary"], str(source), str(tmp_path / "scored"))
    assert [path.name for path in tmp_path.iterdir()] == ["rows"]


def test_a_full_disk_keeps_the_former_target(
    monkeypatch: pytest.MonkeyPatch, bundles: dict[str, Bundle], source: Path, tmp_path: Path
) -> None:
    (tmp_path / "scored").write_text("old")

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(ScoringError, match=r"the output '.*scored' cannot be written: .*No space left"):
        score_files(bundles["binary"], str(source), str(tmp_path / "scored"), "overwrite")
    assert (tmp_path / "scored").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows", "scored"]


def test_a_target_that_came_meanwhile_is_kept(
    monkeypatch: pytest.MonkeyPatch, bundles: dict[str, Bundle], source: Path, tmp_path: Path
) -> None:
    def meanwhile(job: Any, folder: Path) -> int:
        (tmp_path / "scored").write_text("of another command")
        return 0

    monkeypatch.setattr("sparktune.scoring.without_spark._Job.score_all", meanwhile)
    with pytest.raises(ScoringError, match="exists already"):
        score_files(bundles["binary"], str(source), str(tmp_path / "scored"))
    assert (tmp_path / "scored").read_text() == "of another command"


def test_files_have_few_row_groups(bundles: dict[str, Bundle], a_million_rows: Path, tmp_path: Path) -> None:
    score_files(bundles["binary"], str(a_million_rows), str(tmp_path / "scored"), columns=["id"])
    written = [pq.read_metadata(path) for path in (tmp_path / "scored").glob("*.parquet")]
    assert sum(each.num_rows for each in written) == 1_000_000
    assert sum(each.num_row_groups for each in written) < 10


def test_many_files_give_as_many(bundles: dict[str, Bundle], tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    for number in range(3 * usable_cores()):
        pq.write_table(table(), tmp_path / "rows" / f"{number}.parquet", row_group_size=10)
    rows = score_files(bundles["binary"], str(tmp_path / "rows"), str(tmp_path / "scored"))
    assert rows == 3 * usable_cores() * ROWS
    assert len([*(tmp_path / "scored").glob("*.parquet")]) == 3 * usable_cores()


def command(bundle: Bundle, source: Path, target: Path) -> "subprocess.Popen[str]":
    """`sparktune score` where there is neither Java nor a master."""
    words = ["score", "--model", str(bundle.path), "--input", str(source), "--output", str(target)]
    without = {"JAVA_HOME", "SPARK_MASTER", "SPARK_HOME", "PATH", "PYSPARK_SUBMIT_ARGS"}
    environment = {name: value for name, value in os.environ.items() if name not in without}
    return subprocess.Popen(
        [sys.executable, "-m", "sparktune", *words], env=environment, stderr=subprocess.PIPE, text=True
    )


def test_the_command_needs_no_java(bundles: dict[str, Bundle], source: Path, tmp_path: Path) -> None:
    with command(bundles["binary"], source, tmp_path / "scored") as process:
        _, said = process.communicate(timeout=60)
    assert (process.returncode, "40 rows scored" in said) == (0, True), said
    assert pq.read_table(tmp_path / "scored").num_rows == ROWS


@pytest.fixture(scope="module")
def a_million_rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("many") / "rows.parquet"
    rows = pa.concat_tables([table(20_000)] * 50)
    pq.write_table(rows, place, row_group_size=20_000, use_dictionary=False)
    return place


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing(
    bundles: dict[str, Bundle], a_million_rows: Path, tmp_path: Path, number: int
) -> None:
    with command(bundles["binary"], a_million_rows, tmp_path / "scored") as process:
        until = time.monotonic() + 60
        while not list(tmp_path.glob(".scored.*.tmp/*")) and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert not [*tmp_path.iterdir()]
