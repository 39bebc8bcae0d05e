"""Partitions that are whole stay as they are when scoring is killed and started again."""

import os
import signal
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sparktune.bundle import Bundle
from sparktune.errors import ScoringError
from sparktune.scoring import score
from sparktune.scoring.partitions import ScoringProgress

DAYS = 20
ROWS = 200


@pytest.fixture(scope="module")
def source(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Rows of some days; every seventh has none."""
    path = str(tmp_path_factory.mktemp("source") / "days")
    day = f"IF(id % 7 = 0, NULL, CONCAT('day ', id % {DAYS})) AS day"
    rows = spark.range(ROWS).selectExpr("id", "CAST(id AS INT) AS a", "array(1F, 2F, 3F) AS b", day)
    rows.write.partitionBy("day").parquet(path)
    return path


@pytest.fixture(autouse=True)
def in_fewer_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three or more partitions at once."""
    monkeypatch.setattr("sparktune.scoring.partitions.GROUPS", 6)


def written(folder: Path) -> dict[str, int]:
    """When each partition was written."""
    return {place.name: place.stat().st_mtime_ns for place in folder.glob("day=*")}


def test_a_killed_command_goes_on_where_it_was(
    spark: Any, bundles: dict[str, Bundle], source: str, tmp_path: Path
) -> None:
    bundle, target = bundles["regression"], tmp_path / "scored"
    words = ["score", "--model", str(bundle.path), "--input", source, "--output", str(target)]
    process = subprocess.Popen(
        [sys.executable, "-m", "sparktune", *words, "--partition-by", "day"],
        env={**os.environ, "SPARK_MASTER": "local[2]"},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        assert any("2 of 21 partitions" in line for line in lines), "it ended before its first partitions"
        os.killpg(process.pid, signal.SIGKILL)
    before = written(target)
    assert 2 <= len(before) < 21
    seen: list[ScoringProgress] = []
    rows = score(spark, bundle, source, target, partition_by="day", on_progress=seen.append)
    assert 0 < rows < ROWS and (seen[-1].partitions, seen[-1].total, seen[-1].rows) == (21, 21, rows)
    whole = [name for name, time in written(target).items() if before.get(name) == time]
    assert len(whole) >= 2, "partitions that were whole are not written again"
    got = spark.read.parquet(str(target)).collect()
    assert Counter(row.id for row in got) == Counter(range(ROWS))
    assert all(row.prediction is not None for row in got)
    assert sum(row.day is None for row in got) == len(range(0, ROWS, 7))
    assert score(spark, bundle, source, target, partition_by="day") == 0


def test_an_output_from_elsewhere_is_kept_unless_it_may_be_replaced(
    spark: Any, bundles: dict[str, Bundle], source: str, tmp_path: Path
) -> None:
    target = tmp_path / "scored"
    target.mkdir()
    (target / "notes.txt").write_text("mine")
    with pytest.raises(ScoringError, match="exists already, but not from this command"):
        score(spark, bundles["regression"], source, target, partition_by="day")
    rows = score(
        spark, bundles["regression"], source, target, "overwrite", partition_by="day", columns=["day"]
    )
    assert rows == ROWS and not (target / "notes.txt").exists()
    with pytest.raises(ScoringError, match="not from this command"):
        score(spark, bundles["regression"], source, target, partition_by="day")


@pytest.mark.parametrize(
    "day",
    [
        "element_at(array('', NULL, '__HIVE_DEFAULT_PARTITION__', CAST(X'FF' AS STRING), "
        "CAST(X'FE' AS STRING), 'a'), CAST(id % 6 AS INT) + 1)",
        # The hour that a change of the clocks repeats, twice.
        "timestamp_seconds(1793509200 + 3600 * (id % 2))",
    ],
    ids=["words", "repeated hour"],
)
def test_values_that_share_a_folder_are_all_written(
    spark: Any, bundles: dict[str, Bundle], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, day: str
) -> None:
    monkeypatch.setattr("sparktune.scoring.partitions.GROUPS", 100)
    zone = spark.conf.get("spark.sql.session.timeZone")
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    try:
        rows = spark.range(0, 12, 1, 1).selectExpr("id", "1 AS a", "array(1F, 2F, 3F) AS b", f"{day} AS day")
        rows.createOrReplaceTempView("same_folder")
        assert score(spark, bundles["regression"], "same_folder", tmp_path / "out", partition_by="day") == 12
    finally:
        spark.conf.set("spark.sql.session.timeZone", zone)
    got = spark.read.parquet(str(tmp_path / "out")).select("id").collect()
    assert sorted(row.id for row in got) == list(range(12))


def test_a_command_that_was_killed_before_its_first_note_begins_anew(
    spark: Any, bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    (tmp_path / "out" / "_scored" / "_temporary" / "0").mkdir(parents=True)
    spark.sql("SELECT 1 AS a, array(1F, 2F, 3F) AS b, 'x' AS day").createOrReplaceTempView("one_day")
    assert score(spark, bundles["regression"], "one_day", tmp_path / "out", partition_by="day") == 1
    assert (tmp_path / "out" / "day=x").is_dir()


def test_a_changed_input_and_another_engine_do_not_go_on(
    spark: Any, bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    rows, target = tmp_path / "new rows.json", tmp_path / "out"
    bundle = bundles["regression"]
    rows.write_text('{"a": 1, "b": [1, 2, 3], "day": "x"}\n')
    assert [score(spark, bundle, rows, target, partition_by="day") for _ in range(2)] == [1, 0]
    other = next(engine for engine in bundle.manifest.engines if engine != bundle.manifest.engine)
    with pytest.raises(ScoringError, match="not from this command, or its input has changed since"):
        score(spark, bundle, rows, target, partition_by="day", engine=other)
    rows.write_text('{"a": 2, "b": [1, 2, 3], "day": "x"}\n')
    os.utime(rows, ns=(0, 0))
    with pytest.raises(ScoringError, match="its input has changed since"):
        score(spark, bundle, rows, target, partition_by="day")


def test_another_time_zone_does_not_go_on_as_it_names_other_folders(
    spark: Any, bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    spark.sql("SELECT 1 AS a, array(1F, 2F, 3F) AS b, timestamp_seconds(0) AS day").createOrReplaceTempView(
        "one_moment"
    )
    again = partial(
        score,
        spark,
        bundles["regression"],
        "one_moment",
        tmp_path / "out",
        partition_by="day",
        columns=["day"],
    )
    assert again() == 1
    zone = spark.conf.get("spark.sql.session.timeZone")
    spark.conf.set("spark.sql.session.timeZone", "Asia/Kathmandu")
    try:
        with pytest.raises(ScoringError, match=r"or Spark's time zone \(spark\.sql\.session\.timeZone\)"):
            again()
    finally:
        spark.conf.set("spark.sql.session.timeZone", zone)
    for note in (tmp_path / "out" / "_scored").glob("part-*"):  # as former versions wrote it
        note.write_text(note.read_text().replace(f', "zone": "{zone}"', ""))
        note.with_name(f".{note.name}.crc").unlink()
        assert "zone" not in note.read_text()
    assert again() == 0


def test_a_column_that_is_not_written_and_a_table_are_refused(
    spark: Any, bundles: dict[str, Bundle], source: str, tmp_path: Path
) -> None:
    with pytest.raises(ScoringError, match="column to partition by 'dya' is missing; did you mean 'day'"):
        score(spark, bundles["regression"], source, tmp_path / "scored", partition_by="dya")
    with pytest.raises(ScoringError, match="needs a path as the output, but got the table 'scored'"):
        score(spark, bundles["regression"], source, "scored", partition_by="day")


def test_progress_says_how_fast_it_is() -> None:
    assert (
        str(ScoringProgress(3, 12, 1_200_000, 10.0)) == "3 of 12 partitions, 1,200,000 rows, 120,000 rows/s"
    )
