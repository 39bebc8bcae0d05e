"""Tables that pandas writes, with timestamps of every kind beside the features."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sparktune.bundle import Bundle
from sparktune.columns.schema import Schema
from sparktune.data import load_dataset
from sparktune.errors import ScoringError
from sparktune.scoring import score
from sparktune.scoring.nanoseconds import AS_LONG, nanoseconds_readable
from sparktune.scoring.table_io import read
from sparktune.spec import parse_spec
from tests.bundle.models import REGRESSION, inputs

TIMES = pd.to_datetime(["1969-12-31 23:59:59.250", "2020-01-01 10:00:00.123456", None])
ZONED = TIMES.tz_localize("Europe/Berlin")
KINDS = {
    "nanoseconds": TIMES.astype("datetime64[ns]"),
    "microseconds": TIMES.astype("datetime64[us]"),
    "zoned nanoseconds": ZONED.astype("datetime64[ns, Europe/Berlin]"),
    "zoned microseconds": ZONED.astype("datetime64[us, Europe/Berlin]"),
    "date": [None if pd.isna(t) else t.date() for t in TIMES],
}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Parquet file with a column of each kind, and the features of the regression bundle."""
    x = inputs("regression", 3)
    frame = pd.DataFrame(
        {"a": (x[:, 0] * 9).astype(int), "b": x[:, 1:].tolist(), "y": [0.5, 1.5, 2.5], **KINDS}
    )
    path = tmp_path_factory.mktemp("times") / "raw.parquet"
    frame.to_parquet(path)
    return path


def load(path: Path, **data: Any) -> Schema:
    document = {"source": "parquet", "path": str(path), "label": "y", "task": "regression", **data}
    return load_dataset(parse_spec({"data": document, "search": {"space": {"neurons": [8]}}})).schema


def test_what_trains_scores(spark: Any, bundles: dict[str, Bundle], table: Path, tmp_path: Path) -> None:
    assert [f.name for f in load(table, features=["a", "b"]).features] == [
        f.name for f in REGRESSION.features
    ]
    assert score(spark, bundles["regression"], table, tmp_path / "scored") == 3
    assert spark.conf.get(AS_LONG, None) is None
    scored = spark.read.parquet(str(tmp_path / "scored"))
    kinds = {field.name: field.dataType.simpleString() for field in scored.schema.fields}
    assert kinds["nanoseconds"] == kinds["microseconds"] == "timestamp_ntz" and kinds["date"] == "date"
    assert kinds["zoned nanoseconds"] == kinds["zoned microseconds"] == "timestamp"
    for row in scored.collect():
        assert row["nanoseconds"] == row["microseconds"]
        assert row["zoned nanoseconds"] == row["zoned microseconds"]
    assert {str(row["nanoseconds"]) for row in scored.collect()} == {
        "1969-12-31 23:59:59.250000",
        "2020-01-01 10:00:00.123456",
        "None",
    }


def test_nanoseconds_are_written_as_text_too(
    spark: Any, bundles: dict[str, Bundle], table: Path, tmp_path: Path
) -> None:
    score(spark, bundles["regression"], table, tmp_path / "scored.csv", columns=["nanoseconds"])
    found = spark.read.csv(str(tmp_path / "scored.csv"), header=True).collect()
    assert {str(row["nanoseconds"])[:10] for row in found} == {"1969-12-31", "2020-01-01", "None"}


@pytest.mark.parametrize("kind", KINDS)
def test_times_are_encoded_and_are_no_numbers(
    spark: Any, bundles: dict[str, Bundle], table: Path, tmp_path: Path, kind: str
) -> None:
    assert load(table, features=[kind, "a"], columns={kind: "date"}).encoded
    renamed = pd.read_parquet(table).drop(columns="a").rename(columns={kind: "a"})
    renamed.to_parquet(tmp_path / "renamed.parquet")
    with pytest.raises(ScoringError, match=r"feature column 'a' must hold numbers, but got (timestamp|date)"):
        score(spark, bundles["regression"], tmp_path / "renamed.parquet", tmp_path / "scored")


def test_the_setting_is_put_back(spark: Any, bundles: dict[str, Bundle], tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.zeros(3))
    spark.conf.set(AS_LONG, "false")
    try:
        with pytest.raises(ScoringError):
            score(spark, bundles["regression"], tmp_path / "rows.npy", tmp_path / "scored")
        assert spark.conf.get(AS_LONG) == "false"
    finally:
        spark.conf.unset(AS_LONG)


def test_users_of_one_session_do_not_spoil_its_setting(spark: Any) -> None:
    first, second = nanoseconds_readable(spark), nanoseconds_readable(spark)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert spark.conf.get(AS_LONG) == "true"
    second.__exit__(None, None, None)
    assert spark.conf.get(AS_LONG, None) is None


@pytest.mark.parametrize("units", [("ns", "ns"), ("ns", "us"), ("us", "ns")])
def test_files_of_nanoseconds_and_of_microseconds_are_not_mixed(
    spark: Any, tmp_path: Path, units: tuple[str, str]
) -> None:
    for number, unit in enumerate([units[0], *[units[1]] * 3]):
        kind = "int64" if number == 0 else "int32"  # which Spark can read as the first file's type
        frame = pd.DataFrame({"time": TIMES.astype(f"datetime64[{unit}]"), "kept": np.ones(len(TIMES), kind)})
        frame.to_parquet(tmp_path / f"{number}.parquet")
    with nanoseconds_readable(spark):
        if units != ("ns", "ns"):
            with pytest.raises(ScoringError, match="must have timestamps of the same kind"):
                read(spark, str(tmp_path))
        else:
            found = {str(row.time) for row in read(spark, str(tmp_path)).collect()}
            assert found == {"1969-12-31 23:59:59.250000", "2020-01-01 10:00:00.123456", "None"}
