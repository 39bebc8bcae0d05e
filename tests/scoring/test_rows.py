"""A few rows: from files, and as JSON."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sparktune.columns.encoders.category import CategoryEncoder
from sparktune.columns.schema import Feature
from sparktune.data.sources import tables
from sparktune.errors import InputError, ScoringError
from sparktune.scoring.rows import parse_rows, read_rows, table_of
from tests.bundle.models import REGRESSION

FRAME = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "CSV", "parquet", "json", "json.bz2", "JSONL", "NPZ"])
def test_files_of_every_kind_are_the_same_columns(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"rows.{ending}"
    if ending == "parquet":
        FRAME.to_parquet(file)
    elif ending == "NPZ":
        with file.open("wb") as opened:
            np.savez(opened, a=FRAME["a"], b=FRAME["b"])
    elif ending.lower().startswith("csv"):
        FRAME.to_csv(file, index=False)
    else:
        FRAME.to_json(file, orient="records", lines=ending.startswith("JSONL"))
    of_folders = ending in ("csv", "parquet", "json", "csv.gz", "json.bz2")
    for place in (file, tmp_path) if of_folders else (file,):
        table = read_rows(place, REGRESSION)
        assert {name: table.values(name, "any").tolist() for name in table.columns} == FRAME.to_dict("list")


def test_a_damaged_file_of_json_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "rows.json.gz").write_bytes(b"{}")
    with pytest.raises(InputError, match="cannot read") as refused:
        read_rows(tmp_path / "rows.json.gz", REGRESSION)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ['{"a": 1}', '[{"a": 1}]', '{"a": 1}\n\n'])
def test_rows_as_json(text: str) -> None:
    assert parse_rows(text, "--row") == [{"a": 1}]


def test_lines_of_json_may_hold_any_letters() -> None:
    text = '\ufeff{"a": "one\u2028line"}\r\n{"a": "\x85"}\r{"a": ""}'
    assert parse_rows(text, "--row") == [{"a": "one\u2028line"}, {"a": "\x85"}, {"a": ""}]


@pytest.mark.parametrize("text", ["", "[]", "1", "[[1]]", '{"a": 1', "NaN x", "[" * 9999])
def test_what_is_no_row_is_refused_by_name(text: str) -> None:
    with pytest.raises(ScoringError, match=r"^--row must hold"):
        parse_rows(text, "--row")


def test_a_row_without_a_column_is_refused() -> None:
    rows = [{"a": 1, "b": [1, 2, 3], "more": "text"}, {"a": None}]
    with pytest.raises(ScoringError, match=r"row 1 must have the column 'b', but has 'a'; add it, null"):
        table_of(rows, REGRESSION, "--row")
    assert set(table_of(rows[:1], REGRESSION, "--row").columns) == {"a", "b"}
    with pytest.raises(ScoringError, match="column 'a' must hold values of one type"):
        table_of([{"a": 1, "b": "x"}, {"a": "x", "b": 2}], REGRESSION, "--row")
    with pytest.raises(ScoringError, match=r"column 'b' must hold .* text that UTF-8 has: .*surrogates"):
        table_of([{"a": 1, "b": "\ud800"}], REGRESSION, "--row")
    with pytest.raises(ScoringError, match=r"^--row: column 'b' must hold .* whole numbers of 64 bits"):
        table_of([{"a": 1, "b": 2**64 - 1}], REGRESSION, "--row")


def test_a_file_that_is_not_there_or_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(ScoringError, match="nothing at"):
        read_rows(tmp_path / "nowhere.csv", REGRESSION)
    (tmp_path / "rows.parquet").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="cannot read"):
        read_rows(tmp_path / "rows.parquet", REGRESSION)


def test_text_of_training_is_text_in_a_csv_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = CategoryEncoder(column_type="string", levels=("01234",), values=1)
    schema = REGRESSION.model_copy(update={"features": (Feature.encoded("zip", encoder),)})
    (tmp_path / "rows.csv").write_text("zip,n\n01234,01\n,2\n")
    for limit in (tables.LARGE_CSV, 1):  # read at once, and block by block
        monkeypatch.setattr(tables, "LARGE_CSV", limit)
        columns = read_rows(tmp_path / "rows.csv", schema).columns
        assert columns["zip"].to_pylist() == ["01234", None] and columns["n"].to_pylist() == [1, 2]
