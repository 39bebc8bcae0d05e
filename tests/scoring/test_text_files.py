"""Spark reads CSV and JSON files as Arrow does in training, and refuses what Arrow refuses."""

from pathlib import Path
from typing import Any

import pytest

from sparktune.data.sources.file_set import find_files
from sparktune.data.sources.tables import csv_table
from sparktune.errors import DataError, ScoringError
from sparktune.scoring.rows import parse_rows
from sparktune.scoring.table_io import read, write
from sparktune.scoring.worker_errors import worker_errors_as_raised

CELLS = ['"a ""b"", c"', '"C:\\dir\\"', "back\\slash", "it's", '5" pipe', "  spaces ", '"  "', "#no comment"]
IN_LINES = ['"two\nlines"', '"two\nlines, and ""more"""']


def by_python(file: Path) -> list[dict[str, Any]]:
    table = csv_table(find_files(str(file), str(file)), ["id"])
    columns = [table.columns[name].to_pylist() for name in ("id", "word", "n")]
    return [dict(zip(("id", "word", "n"), row, strict=True)) for row in zip(*columns, strict=True)]


@pytest.mark.parametrize("cells", [CELLS, CELLS + IN_LINES], ids=["one line", "several lines"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_cells_are_those_of_training(spark: Any, tmp_path: Path, cells: list[str], end: str) -> None:
    lines = ["id,word,n", *(f"x{row},{cell},{row}" for row, cell in enumerate(cells))]
    (tmp_path / "rows.csv").write_text(end.join(lines) + end, newline="")
    found = [row.asDict() for row in read(spark, str(tmp_path / "rows.csv")).collect()]
    assert found == by_python(tmp_path / "rows.csv")
    assert len(found) == len(cells)


def test_csv_that_is_written_is_read_by_others(spark: Any, tmp_path: Path) -> None:
    words = ['a "b", c', "two\nlines", "C:\\dir\\", 'end"', None]
    rows = [(f"x{row}", word, row) for row, word in enumerate(words)]
    frame = spark.createDataFrame(rows, "id string, word string, n int").coalesce(1)
    write(frame, str(tmp_path / "out.csv"), "error")
    (file,) = (tmp_path / "out.csv").glob("part-*.csv")
    assert [row["word"] for row in by_python(file)] == words
    assert [row.word for row in read(spark, str(tmp_path / "out.csv")).collect()] == words


@pytest.mark.parametrize("line", ["1,x", "1,x,2,3"])
def test_a_csv_row_of_another_length_is_refused(spark: Any, tmp_path: Path, line: str) -> None:
    (tmp_path / "rows.csv").write_text(f"id,word,n\n0,y,1\n{line}\n")
    with pytest.raises(DataError, match="Expected 3 columns"):
        by_python(tmp_path / "rows.csv")
    message = f"^Spark cannot score the rows or write them: .* Malformed CSV record: {line} [^\n]*$"
    with pytest.raises(ScoringError, match=message), worker_errors_as_raised():
        read(spark, str(tmp_path / "rows.csv")).collect()


def test_csv_in_another_encoding_is_refused(spark: Any, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("id,word,n\nx1,Zoë,1\n", encoding="utf-8-sig")
    assert [row.asDict() for row in read(spark, str(file)).collect()] == by_python(file)
    file.write_text("id,word,n\nx1,Zoë,1\n", encoding="latin-1")
    with pytest.raises(DataError, match="UTF-8"):
        by_python(file)
    with pytest.raises(ScoringError, match=r"cannot be read as csv: CSV files must be UTF-8, but this one"):
        read(spark, str(file))


@pytest.mark.parametrize("text", ['[\n{"a": 1},\n{"a": 2}\n]', '{"a": 1}\n{"a": \n{"a": 3}'])
def test_lines_that_are_no_json_objects_are_no_rows(spark: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "rows.json").write_text(text)
    with pytest.raises(ScoringError, match=r"cannot be read as json: .*one object a line") as raised:
        read(spark, str(tmp_path / "rows.json"))
    assert "\n" not in str(raised.value)


def test_objects_in_lines_are_rows(spark: Any, tmp_path: Path) -> None:
    text = '{"a": 1}\n\n{"a": 2, "b": "x\\ny"}\n'
    (tmp_path / "rows.json").write_text(text)
    found = [row.asDict() for row in read(spark, str(tmp_path / "rows.json")).collect()]
    assert [{name: value for name, value in row.items() if value is not None} for row in found] == parse_rows(
        text, "it"
    )
