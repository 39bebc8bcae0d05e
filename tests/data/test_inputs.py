"""Tables that are read in batches, and x in a file: the same data set as from a table in memory."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sparktune.columns.schema import Feature
from sparktune.data import Dataset, inputs, mapped, table
from sparktune.data.features import PlainColumn
from sparktune.data.inputs import InputColumns, read_inputs
from sparktune.data.sources import tables
from sparktune.data.table import Table
from sparktune.errors import DataError
from tests.customers import customers

ROWS = 200
RNG = np.random.default_rng(0)
NUMBERS = {
    "whole": RNG.integers(-9, 9, ROWS),
    "large": RNG.integers(0, 2**40, ROWS),
    "real": RNG.normal(size=ROWS),
    "flag": RNG.random(ROWS) < 0.5,
    "label": RNG.integers(0, 3, ROWS),
    "weight": RNG.random(ROWS),
}
VECTORS = {"v": pa.array(RNG.normal(size=(ROWS, 5)).tolist()), "label": RNG.normal(size=ROWS)}
BYTES = {"v": pa.array([row.tobytes() for row in RNG.normal(size=(ROWS, 3)).astype("<f4")])}
PEAK = """
import json, resource, sys
from sparktune.data import load_dataset
from sparktune.spec import parse_spec

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

few, many = (
    parse_spec({"data": {"source": "parquet", "path": path, "label": "label", "scale": "standardize"}})
    for path in sys.argv[1:]
)
load_dataset(few)
before = peak()
data = load_dataset(many)
print(json.dumps({"x": data.train.x.nbytes + data.validation.x.nbytes, "peak": peak() - before}))
"""


@pytest.fixture
def in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few rows are a batch, and what has more than no bytes is large."""
    monkeypatch.setattr(inputs, "BATCH_ROWS", 7)
    monkeypatch.setattr(tables, "BATCH_ROWS", 11)
    monkeypatch.setattr(table, "SMALL", 0)
    monkeypatch.setattr(mapped, "LARGE", 0)
    monkeypatch.setattr(mapped, "CHUNK", 100)


def said(data: Dataset) -> list[object]:
    """All that a data set says, its arrays as bytes."""
    splits = [data.train, data.validation, data.test]
    arrays = [getattr(rows, part) for rows in splits if rows for part in ("x", "y", "weight")]
    return [
        data.schema,
        data.digest,
        data.left_out,
        data.example,
        *(None if array is None else (array.dtype, array.shape, array.tobytes()) for array in arrays),
    ]


RAW = customers(ROWS)


@pytest.mark.parametrize(
    ("columns", "section"),
    [
        (pa.table(NUMBERS), {"label": "label", "weight": "weight", "scale": "standardize"}),
        (pa.table(NUMBERS), {"label": "label", "features": ["large"], "test": {"last": 30}}),
        (pa.table(VECTORS), {"label": "label", "scale": "minmax", "scale_label": True}),
        (pa.table({**BYTES, **NUMBERS}), {"label": "real", "columns": {"whole": "category"}}),
        (RAW, {"label": "left", "test": {"fraction": 0.1}}),
    ],
    ids=["numbers", "one column", "vectors", "arrays and codes", "raw columns"],
)
@pytest.mark.usefixtures("in_batches")
def test_a_table_in_batches_is_the_table_in_memory(load, tmp_path, monkeypatch, columns, section) -> None:
    pq.write_table(columns.slice(0, 0), tmp_path / "empty.parquet")  # as Spark writes a part without rows
    pq.write_table(columns, tmp_path / "rows.parquet", row_group_size=64)
    found = said(load(source="parquet", path=str(tmp_path), **section))
    monkeypatch.undo()
    assert found == said(load(columns, **section))


@pytest.mark.usefixtures("in_batches")
def test_splits_with_tables_of_their_own(load, tmp_path, monkeypatch) -> None:
    sections = []
    for name in ("main", "own"):
        pq.write_table(customers(ROWS, seed=len(sections)), tmp_path / f"{name}.parquet", row_group_size=64)
        sections.append({"source": "parquet", "path": str(tmp_path / f"{name}.parquet")})
    data = load(**sections[0], label="left", validation=sections[1])
    monkeypatch.undo()
    whole = load(**sections[0], label="left", validation=sections[1])
    assert said(data) == said(whole) and len(data.train) == len(data.validation) == ROWS


def test_columns_that_nobody_needs_are_not_read(load, tmp_path) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({**NUMBERS, "note": ["x" * 99] * ROWS}), path, compression="zstd")
    column = pq.read_metadata(path).row_group(0).column(len(NUMBERS))
    assert column.path_in_schema == "note"
    content = bytearray(path.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    content[start : start + column.total_compressed_size] = bytes(column.total_compressed_size)
    path.write_bytes(content)
    section = {"source": "parquet", "path": str(path), "label": "label"}
    assert load(**section, columns={"note": "ignore"}).digest == load(pa.table(NUMBERS), label="label").digest
    with pytest.raises(DataError, match="cannot read"):
        load(**section)


def test_a_large_table_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    paths = []
    for rows in (1000, 300_000):
        paths.append(str(tmp_path / f"{rows}.parquet"))
        columns = {f"f{i}": np.random.default_rng(i).random(rows, np.float32) for i in range(32)}
        pq.write_table(pa.table({**columns, "label": np.arange(rows) % 2}), paths[-1], row_group_size=50_000)
    code = f"from sparktune.data import mapped, table; mapped.LARGE = table.SMALL = 2**20{PEAK}"
    told = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, check=True, text=True)
    found = json.loads(told.stdout)
    assert found["x"] > 38e6 and found["peak"] < found["x"] / 2


def test_all_columns_that_have_no_numbers_are_named_at_once() -> None:
    columns = InputColumns(
        columns=tuple(PlainColumn(Feature(name=name)) for name in "ab"),
        places=(slice(0, 1), slice(1, 2)),
        dtype=np.dtype(np.float32),
        shape=(2,),
        errors={"c": "data: feature 'c' has another fault"},
    )
    rows = Table.of([("a", pa.array(range(9))), ("b", pa.array([date(2024, 1, 1)] * 9))], "data")
    with pytest.raises(DataError, match=r"2 feature columns cannot be used:\n .*'c'.*\n .*'b' must hold num"):
        read_inputs(columns, [rows], [[np.arange(9)]])
