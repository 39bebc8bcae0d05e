"""The columns of a study, as `sparktune check` shows them."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sparktune.cli.check import column_lines
from sparktune.data import load_dataset
from sparktune.spec import parse_spec
from sparktune.study.column_table import column_table
from tests.customers import customers


def table_of(data: Any, **sections: Any) -> list[str]:
    spec = parse_spec({"data": {"label": "left", "validation": {"last": 20}}, **sections})
    return [" ".join(line.split()) for line in column_lines(column_table(spec, load_dataset(spec, data)))]


def test_encoded_columns() -> None:
    lines = table_of(customers(220).append_column("empty", pa.nulls(220, pa.float32())))
    assert lines[0] == "column type encoder missing levels holds the network sees"
    (plan,) = [line for line in lines if line.startswith("plan")]
    assert plan == "plan string category 0 5 top 'basic' one-hot of 7"
    starts = (
        "age double number 0 mean",
        "income double number",
        "joined date date 19 2020-01-02 to 2020-07-18",
    )
    assert [
        line.startswith(start) for start, line in zip(starts, (lines[1], lines[2], lines[5]), strict=True)
    ]
    assert lines[1].endswith("1 number, scaled") and lines[2].endswith("1 number, scaled and a flag")
    assert lines[5].endswith("month, day, weekday, days, scaled and a flag")
    assert "embedding of" in lines[4]
    assert lines[-3:] == [
        "id string ignore 0 nothing: nearly every row has a value of its own, as ids and free text have",
        "country string ignore 0 nothing: it is the same in all training rows",
        "empty double ignore 200 nothing: it has no value in any training row",
    ]


@pytest.mark.parametrize(
    ("sections", "city"),
    [
        ({"model": {"kind": "linear"}}, "one-hot of"),
        ({"model": {"kind": "mlp", "embedding": 3}}, "codes, 3 numbers"),
        ({"search": {"space": {"embedding": [2, 4]}}}, "codes, embedded in searched widths"),
        ({"model": {"kind": "builder", "builder": "tests.customers:customers"}}, "one of"),
    ],
)
def test_what_the_network_sees_depends_on_the_model(sections: dict[str, Any], city: str) -> None:
    (line,) = [line for line in table_of(customers(220), **sections) if line.startswith("city")]
    assert city in line


def test_plain_numbers_and_many_columns() -> None:
    x = {f"c{i}": np.arange(40.0) + i for i in range(70)}
    lines = table_of({**x, "left": [0, 1] * 20})
    assert lines[1] == "c0 float32 none 0 mean 9.5 1 number" and lines[-1] == "and 10 more columns"
    (line,) = table_of({"image": np.ones((40, 2, 3), "u1"), "left": [0, 1] * 20})[1:]
    assert line == "image uint8 [2, 3] none 0 mean 1 6 numbers"
