"""Where rows come from and go to: a path or a table."""

from pathlib import Path
from typing import Any

import pytest

from sparktune.errors import ScoringError
from sparktune.scoring.table_io import check_target, exists, file_format, is_path, read, write


@pytest.mark.parametrize(
    ("place", "path"),
    [("rows.parquet", True), ("a/b", True), ("ROWS.CSV", True), ("rows", False), ("db.rows", False)],
)
def test_a_path_has_a_slash_or_an_ending(place: str, path: bool) -> None:
    assert is_path(place) is path


def test_a_name_that_exists_here_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert not is_path("rows")
    (tmp_path / "rows").mkdir()
    assert is_path("rows")


def test_the_format_is_that_of_the_ending_or_of_what_is_inside(tmp_path: Path) -> None:
    assert [file_format(f"a/rows{end}") for end in (".csv", ".JSONL", ".parquet", "", ".txt")] == [
        "csv",
        "json",
        "parquet",
        "parquet",
        "parquet",
    ]
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / "part-0.json").touch()
    assert file_format(f"{tmp_path}/") == "json"


@pytest.mark.parametrize("ending", ["parquet", "csv", "json"])
def test_what_is_written_is_read_again(spark: Any, tmp_path: Path, ending: str) -> None:
    target = str(tmp_path / f"rows.{ending}")
    assert not exists(spark, target)
    write(spark.createDataFrame([(1, "x"), (2, None)], "id int, name string"), target, "error")
    assert exists(spark, target)
    assert [
        (row.id, row["name"]) for row in read(spark, target).select("id", "name").orderBy("id").collect()
    ] == [
        (1, "x"),
        (2, None),
    ]


def test_a_target_is_free_or_may_be_replaced(spark: Any, tmp_path: Path) -> None:
    check_target(spark, "in", str(tmp_path / "free"), "error")
    check_target(spark, "in", str(tmp_path), "overwrite")
    with pytest.raises(ScoringError, match="exists already"):
        check_target(spark, "in", str(tmp_path), "error")
