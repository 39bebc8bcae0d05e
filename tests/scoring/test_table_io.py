"""Where rows come from and go to: a path or a table."""

from pathlib import Path
from typing import Any

import pytest

from sparktune.errors import ScoringError
from sparktune.scoring.table_io import exists, file_format, is_path, read, target_format, write


@pytest.mark.parametrize(
    ("place", "path"),
    [
        *(("rows.parquet", True), ("a/b", True), ("ROWS.CSV", True), ("rows.CSV.gz", True)),
        *(("rows", False), ("db.rows", False), ("db.gz", False)),
    ],
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
    assert [file_format(f"a/rows{end}") for end in (".CSV.gz", ".jsonl.zst", ".gz")] == [
        *("csv", "json", "parquet")
    ]
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / "part-0.json").touch()
    assert file_format(f"{tmp_path}/") == "json"


def test_folders_inside_and_what_is_replaced_say_nothing_of_the_format(tmp_path: Path) -> None:
    (tmp_path / "source=jan.csv").mkdir()
    assert file_format(str(tmp_path)) == "parquet"
    target = tmp_path / "v1.2"
    target.mkdir()
    (target / "part-0.csv").touch()
    assert [file_format(str(target)), target_format(str(target))] == ["csv", "parquet"]
    assert [target_format(f"out.{end}") for end in ("JSON", "csv/", "parquet")] == ["json", "csv", "parquet"]


@pytest.mark.parametrize(("ending", "codec"), [("csv", "gzip"), ("json", "bzip2")])
def test_compressed_files_are_read(spark: Any, tmp_path: Path, ending: str, codec: str) -> None:
    folder = tmp_path / "rows"
    frame = spark.createDataFrame([(1, "x")], "id int, name string").coalesce(1)
    frame.write.save(str(folder), format=ending, header=True, compression=codec)
    (file,) = folder.glob(f"part-*.{ending}.*")
    assert read(spark, str(folder)).select("id", "name").collect() == [(1, "x")]
    file = file.rename(tmp_path / f"new.{ending.upper()}{file.suffix}")
    assert read(spark, str(file)).select("id", "name").collect() == [(1, "x")]


@pytest.mark.parametrize("ending", ["csv", "parquet", "json"])
def test_what_exists_is_no_pattern(spark: Any, tmp_path: Path, ending: str) -> None:
    odd, like_it = tmp_path / f"a [1] {{b,c}} ü#%.{ending}", tmp_path / f"a 1 b ü#%.{ending}"
    for number, place in enumerate((odd, like_it)):
        write(spark.range(number, number + 1).coalesce(1), str(place), "error")
    assert [row.id for row in read(spark, str(odd)).collect()] == [0]
    assert {row.id for row in read(spark, str(tmp_path / f"a*.{ending}")).collect()} == {0, 1}
    with pytest.raises(ScoringError, match="there is no file or folder"):
        read(spark, str(tmp_path / f"b*.{ending}"))


def test_what_is_no_name_of_a_table_is_no_table(spark: Any) -> None:
    with pytest.raises(ScoringError, match=r"there is no table 'new rows\*'"):
        read(spark, "new rows*")


def test_lz4_is_refused_as_it_would_end_spark(spark: Any, tmp_path: Path) -> None:
    (tmp_path / "new.csv.lz4").touch()
    with pytest.raises(ScoringError, match=r"lz4' cannot be read as csv: Spark does not read LZ4 files"):
        read(spark, str(tmp_path / "new.csv.lz4"))


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


def test_what_cannot_be_written_leaves_nothing_but_what_was_there(spark: Any, tmp_path: Path) -> None:
    failing = spark.range(1).selectExpr("raise_error('a bad row') AS id")
    with pytest.raises(Exception, match="a bad row"):
        write(failing, str(tmp_path / "rows"), "error")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "rows").mkdir()
    with pytest.raises(Exception, match="already exists"):
        write(failing, str(tmp_path / "rows"), "error")
    assert (tmp_path / "rows").exists()
