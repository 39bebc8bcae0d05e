"""CSV files that are read block by block give what pyarrow gives for the whole."""

import gzip
import io
from itertools import product

import pyarrow as pa
import pytest
from pyarrow.csv import ConvertOptions, read_csv

from sparktune.data.sources import large_csv, tables
from sparktune.data.sources.large_csv import read_large_csv
from sparktune.errors import DataError

OPTIONS = {"strings_can_be_null": True, "quoted_strings_can_be_null": False}
CELLS = {
    "null": ["", "NA"],
    "int": ["5", "1"],
    "zero or one": ["1", "0"],
    "far int": ["99999999999999999999"],
    "bool": ["true"],
    "date": ["2024-01-31"],
    "time": ["08:30:00"],
    "moment": ["2024-01-31 08:30:00"],
    "nanoseconds": ["2024-01-31 08:30:00.123456789"],
    "zone": ["2024-01-31 08:30:00Z"],
    "real": ["0.5"],
    "quoted": ['"NA"', '"1"'],
    "word": ["x"],
}
LINES = 20


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few lines are a block, and no file is small."""
    monkeypatch.setattr(large_csv, "BLOCK", 80)
    monkeypatch.setattr(tables, "LARGE_CSV", 0)


def test_types_and_values_are_those_of_the_whole_file() -> None:
    for kinds in product(CELLS, CELLS):
        cells = [cell for kind in kinds for cell in CELLS[kind] * (LINES // len(CELLS[kind]))]
        text = ("a,b\n" + "".join(f"{cell},{row}\n" for row, cell in enumerate(cells))).encode()
        found = read_large_csv(lambda text=text: io.BytesIO(text), OPTIONS)
        assert found.equals(read_csv(io.BytesIO(text), convert_options=ConvertOptions(**OPTIONS))), kinds


def test_text_that_is_no_unicode_is_binary() -> None:
    text = b"a,b\n" + b"x,1\n" * 40 + b"\xff,2\n"
    found = read_large_csv(lambda: io.BytesIO(text), OPTIONS)
    assert found.schema.types == [pa.binary(), pa.int64()] and found["a"][40].as_py() == b"\xff"


def test_quoted_text_of_several_lines() -> None:
    for cell in ("x\ny", '""\n""', "1,1\n" * 5):
        text = ("a,b\n" + f'"{cell}",1\n' * 40).encode()
        found = read_large_csv(lambda text=text: io.BytesIO(text), OPTIONS)
        assert found["a"].to_pylist() == [cell.replace('""', '"')] * 40


def test_text_of_another_encoding_is_refused(load, tmp_path) -> None:
    for text in ("Größe,label\n" + "1,0\n" * 40, "a,label\n" + "x,0\n" * 40 + "ö,1\n"):
        (tmp_path / "rows.csv").write_bytes(text.encode("latin1"))
        with pytest.raises(DataError, match=r"data: CSV files must be UTF-8, but '.*rows.csv' holds b'"):
            load(source="csv", path=str(tmp_path / "rows.csv"), label="label")


def test_a_study_of_large_files(load, tmp_path, monkeypatch) -> None:
    head, row = "a,b,label\n", "{},{},{}\n"
    for name, end in (("part-1.csv", 0), ("part-2.csv.gz", 0.5)):
        lines = [row.format(i, i * 7 % 10 + (end if i == 39 else 0), i % 2) for i in range(40)]
        text = (head + "".join(lines)).encode()
        (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    section = {"source": "csv", "path": str(tmp_path), "label": "label"}
    found = load(**section)
    monkeypatch.undo()
    assert found.digest == load(**section).digest and len(found.train) == 64


@pytest.mark.parametrize("text", ["a,b,label\n" + "1,2,0\n" * 40 + "3,4\n", "", "a,b,label\n1,2,0\n1,2\n"])
def test_a_large_file_that_cannot_be_read(load, tmp_path, text) -> None:
    (tmp_path / "rows.csv").write_text(text or "\n")
    with pytest.raises(DataError, match=r"data: cannot read '.*rows.csv'"):
        load(source="csv", path=str(tmp_path / "rows.csv"), label="label")
