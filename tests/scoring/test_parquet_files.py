"""Which Parquet files are read without Spark, and that their columns have the types that Spark gives them."""

import datetime
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sparktune.errors import ScoringError
from sparktune.scoring.nanoseconds import nanoseconds_readable
from sparktune.scoring.parquet_files import ParquetFiles, is_parquet_here
from sparktune.scoring.table_io import read

AT = datetime.datetime(1969, 7, 20, 20, 17, 40, 123000)
COLUMNS: dict[str, pa.Array] = {
    "flag": pa.array([True, None]),
    **{f"int{bits}": pa.array([-1, None], f"int{bits}") for bits in (8, 16, 32, 64)},
    "float": pa.array([0.5, None], pa.float32()),
    "double": pa.array([0.5, float("nan")]),
    "word": pa.array(["ü", None]),
    "long word": pa.array(["ü", None], pa.large_string()),
    "level": pa.array(["ü", None]).dictionary_encode(),
    "raw": pa.array([b"\x00", None]),
    "long raw": pa.array([b"\x00", None], pa.large_binary()),
    "day": pa.array([datetime.date(1600, 2, 29), None]),
    "price": pa.array([Decimal("12.30"), None], pa.decimal128(10, 2)),
    "milliseconds": pa.array([AT, None], pa.timestamp("ms")),
    "microseconds": pa.array([AT.replace(tzinfo=datetime.UTC), None], pa.timestamp("us", "Europe/Berlin")),
    "nanoseconds": pa.array([-1001, None], pa.timestamp("ns")),
    "instants": pa.array([-1001, None], pa.timestamp("ns", "Asia/Tokyo")),
    "list": pa.array([[0.5, None], None], pa.list_(pa.float32())),
    "long list": pa.array([[0.5], None], pa.large_list(pa.float64())),
    "lists": pa.array([[["a"], None], None], pa.list_(pa.list_(pa.string()))),
}


def test_columns_have_the_types_that_spark_reads(spark: Any, tmp_path: Path) -> None:
    pq.write_table(pa.table(COLUMNS), tmp_path / "rows.parquet")
    files = ParquetFiles.find(str(tmp_path / "rows.parquet"))
    assert files is not None
    with nanoseconds_readable(spark):
        assert files.types == dict(read(spark, str(tmp_path / "rows.parquet")).dtypes)
    (batch,) = files.batches(files.paths[0], [0], ["word", "nanoseconds", "flag"], 10)
    assert batch.to_pydict() == {
        "word": ["ü", None],
        "nanoseconds": [datetime.datetime(1969, 12, 31, 23, 59, 59, 999999), None],
        "flag": [True, None],
    }


def test_timestamps_that_spark_writes_as_int96_are_instants(spark: Any, tmp_path: Path) -> None:
    rows = spark.sql(
        "SELECT TIMESTAMP'1969-07-20 20:17:40.123456 UTC' AS at, TIMESTAMP'9999-01-01 00:00:00 UTC' AS late"
    )
    rows.coalesce(1).write.parquet(str(tmp_path / "rows"))
    files = ParquetFiles.find(str(tmp_path / "rows"))
    assert files is not None
    assert "INT96" in str(pq.ParquetFile(files.paths[0]).schema).upper()
    assert files.types == {"at": "timestamp", "late": "timestamp"}
    (batch,) = files.batches(files.paths[0], [0], ["at", "late"], 10)
    assert batch.to_pylist() == [
        {
            "at": AT.replace(microsecond=123456, tzinfo=datetime.UTC),
            "late": datetime.datetime(9999, 1, 1, tzinfo=datetime.UTC),
        }
    ]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[AT]], pa.list_(pa.timestamp("ns"))),
        pa.array([1], pa.uint8()),
        pa.array([0.5], pa.float16()),
        pa.array([datetime.time(12)]),
        pa.array([{"a": 1}]),
        pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
        pa.array([None]),
        pa.array([None], pa.list_(pa.int64(), 2)),
    ],
    ids=lambda column: str(column.type),
)
def test_types_that_spark_reads_in_its_own_way_are_left_to_it(tmp_path: Path, column: pa.Array) -> None:
    pq.write_table(pa.table({"a": pa.array([1]), "b": column}), tmp_path / "rows.parquet")
    assert ParquetFiles.find(str(tmp_path / "rows.parquet")) is None


@pytest.mark.parametrize("column", ["INTERVAL '3' MONTH", "INTERVAL '2' DAY", "DATE'1500-01-01'"])
def test_numbers_that_mean_something_to_spark_alone_are_left_to_it(
    spark: Any, tmp_path: Path, column: str
) -> None:
    calendar = "spark.sql.parquet.datetimeRebaseModeInWrite"
    spark.conf.set(calendar, "LEGACY")
    try:
        spark.sql(f"SELECT 1 AS a, {column} AS b").coalesce(1).write.parquet(str(tmp_path / "rows"))
    finally:
        spark.conf.unset(calendar)
    assert ParquetFiles.find(str(tmp_path / "rows")) is None


def table(**columns: Any) -> pa.Table:
    return pa.table({"a": [1.0], "b": ["x"], **columns})


def test_a_folder_gives_the_files_that_spark_sees(tmp_path: Path) -> None:
    hidden = ("_temporary.parquet", ".hidden.parquet", "part-2.parquet._COPYING_")
    for name in ("part-1.parquet", "part-0.parquet", "_k=1.parquet", *hidden):
        pq.write_table(table(), tmp_path / name)
    (tmp_path / "_SUCCESS").touch()
    found = ParquetFiles.find(f"{tmp_path}/")
    assert found is not None
    assert [path.name for path in found.paths] == ["_k=1.parquet", "part-0.parquet", "part-1.parquet"]
    assert ParquetFiles.find(str(tmp_path / "_temporary.parquet")) is None


@pytest.mark.parametrize(
    "other",
    ["a folder", "no parquet", "other columns", "another order", "another type", "case", "another unit"],
)
def test_what_takes_spark_is_left_to_it(tmp_path: Path, other: str) -> None:
    pq.write_table(table(), tmp_path / "part-0.parquet")
    if other == "a folder":
        (tmp_path / "day=1").mkdir()
    elif other == "no parquet":
        (tmp_path / "part-1.parquet").write_text("not a Parquet file")
    else:
        tables = {
            "other columns": table(c=[1]),
            "another order": pa.table({"b": ["x"], "a": [1.0]}),
            "another type": table(a=[1]),
            "case": table(A=[2.0]),
            "another unit": table(at=pa.array([AT], pa.timestamp("us"))),
        }
        if other == "another unit":
            pq.write_table(table(at=pa.array([AT], pa.timestamp("ns"))), tmp_path / "part-0.parquet")
        pq.write_table(tables[other], tmp_path / "part-1.parquet")
    assert ParquetFiles.find(str(tmp_path)) is None


@pytest.mark.parametrize(
    "place", ["{}/*.parquet", "file://{}/rows.parquet", "s3://bucket/rows.parquet", "rows"]
)
def test_other_places_are_left_to_spark(tmp_path: Path, place: str) -> None:
    pq.write_table(table(), tmp_path / "rows.parquet")
    assert ParquetFiles.find(place.format(tmp_path)) is None


def test_a_folder_that_exists_is_no_pattern(tmp_path: Path) -> None:
    odd = tmp_path / "a [1]*"
    odd.mkdir()
    pq.write_table(table(), odd / "rows{}.parquet")
    found = ParquetFiles.find(str(odd))
    assert found is not None
    assert [path.name for path in found.paths] == ["rows{}.parquet"]


def test_other_formats_and_empty_folders_are_left_to_spark(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n1,x\n")
    (tmp_path / "empty").mkdir()
    assert ParquetFiles.find(str(tmp_path / "rows.csv")) is None
    assert ParquetFiles.find(str(tmp_path / "empty")) is None


def test_a_path_where_nothing_is_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScoringError, match=r"there is no file or folder '.*new\.parquet'"):
        ParquetFiles.find(str(tmp_path / "new.parquet"))


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can become somebody else")
def test_a_folder_that_may_not_be_entered_holds_nothing(tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "rows.parquet")
    tmp_path.chmod(0o700)
    os.seteuid(65534)
    try:
        with pytest.raises(ScoringError, match="there is no file or folder"):
            ParquetFiles.find(str(tmp_path / "rows.parquet"))
    finally:
        os.seteuid(0)


def test_targets_are_paths_of_this_machine(tmp_path: Path) -> None:
    assert is_parquet_here(f"{tmp_path}/scored") and is_parquet_here("out.parquet")
    assert not any(
        map(is_parquet_here, ["scored", "out.csv", "hdfs://host/out.parquet", "file:/out.parquet"])
    )
