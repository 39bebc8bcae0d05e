"""Tables of words, dates and missing numbers become one matrix, by what the training rows hold."""

import json
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sparktune.columns.arrow import ColumnPlace
from sparktune.columns.encoders.category import CategoryOptions
from sparktune.columns.encoders.matrix import encoded
from sparktune.data import Dataset
from sparktune.data.encoding import encoded_columns
from sparktune.data.table import Table
from sparktune.errors import DataError
from tests.columns.vectors import VECTOR

ROWS = 40
AGES = pd.array([20 + i % 7 for i in range(ROWS - 1)] + [None], dtype="Int64")
FRAME = pd.DataFrame(
    {
        "city": ["Oslo", "Rome", "Oslo", "Bern"] * 9 + ["Paris"] * 4,
        "age": AGES,
        "joined": [date(2024, 1, 1) + timedelta(days=i % 9) for i in range(ROWS)],
        "vip": [i % 3 == 0 for i in range(ROWS)],
        "y": ["yes", "no", "no", "no"] * 10,
    }
)
LAST = {"last": 4}


def encoder(data: Dataset, name: str):
    (found,) = [feature.encoder for feature in data.schema.features if feature.name == name]
    return found


def test_encoders_learn_from_the_training_rows_alone(load) -> None:
    data = load(FRAME, validation=LAST)
    assert [(f.name, f.dtype, f.encoder.kind) for f in data.schema.features] == [
        ("city", "string", "category"),
        ("age", "double", "number"),
        ("joined", "date", "date"),
        ("vip", "boolean", "category"),
    ]
    assert encoder(data, "city").levels == ("Oslo", "Bern", "Rome")
    assert data.validation.x[:, -2].tolist() == [1] * 4  # Paris is unseen
    assert encoder(data, "age").missing == 0 and data.validation.x[-1, 0] == encoder(data, "age").median
    assert encoder(data, "joined").parts == ("day", "weekday", "days")
    assert data.train.x.dtype == np.float32 and data.schema.input_shape == (6,)


def test_what_the_study_says_of_columns_wins(load) -> None:
    columns = {"age": {"kind": "category", "levels": 3}, "joined": "ignore", "vip": "number"}
    data = load(FRAME, validation=LAST, columns=columns)
    assert [(f.name, f.encoder.kind) for f in data.schema.features] == [
        ("city", "category"),
        ("age", "category"),
        ("vip", "number"),
    ]
    assert encoder(data, "age").codes == 5


def test_quantities_are_standardized_and_flags_are_not(load) -> None:
    frame = FRAME.assign(age=[None, *range(39)])
    data = load(frame, validation=LAST, columns={"city": "ignore", "joined": "ignore"})
    offset, scale = data.schema.scaling.offset, data.schema.scaling.scale
    assert offset == pytest.approx([data.train.x[:, 0].mean(), 0])
    assert scale == pytest.approx([data.train.x[:, 0].std(), 1])
    assert load(frame, validation=LAST, scale="none").schema.scaling is None
    assert load(frame, validation=LAST, scale=10).schema.scaling.scale[0] == 10
    words = load(frame[["city", "vip", "y"]], validation=LAST)
    assert words.schema.scaling is None and words.train.x.shape == (36, 2)


def test_every_source_gives_the_same_numbers(load, tmp_path) -> None:
    expected = load(FRAME, validation=LAST)
    pq.write_table(pa.Table.from_pandas(FRAME), tmp_path / "t.parquet", row_group_size=7)
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    for source in ("parquet", "csv"):
        found = load(source=source, path=str(tmp_path / f"t.{source}"), label="y", validation=LAST)
        assert found.digest == expected.digest


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.arange(40, dtype="f4"), {"kind": "number", "clip": [0, 1]}),
        (np.arange(40, dtype="f4") % 3 + 7, "category"),
        (np.where(np.arange(40) == 5, np.nan, np.arange(40)).astype("f4"), {"kind": "number", "flag": False}),
        (np.where(np.arange(40) == 5, np.nan, np.arange(40)).astype("f4"), "number"),
    ],
    ids=["clip", "category", "missing", "flag"],
)
def test_a_single_array_of_float32_is_encoded_as_in_scoring(load, values, said) -> None:
    beside = {"always": ["same"] * 40, "y": [0, 1] * 20}  # left out, so that one feature is left
    data = load({"a": values, **beside}, validation=LAST, columns={"a": said})
    (feature,) = data.schema.features
    scored, _ = encoded([values], [feature], [ColumnPlace("a", DataError, "")])
    np.testing.assert_array_equal(np.concatenate([data.train.x, data.validation.x]), scored)


def test_splits_of_their_own_are_encoded_alike(load, tmp_path) -> None:
    rows = pa.Table.from_pandas(FRAME)
    pq.write_table(rows[36:], tmp_path / "new.parquet")
    source = {"source": "parquet", "path": str(tmp_path / "new.parquet")}
    data = load(rows[:36], validation=source)
    np.testing.assert_array_equal(data.validation.x, load(FRAME, validation=LAST).validation.x)


@pytest.mark.parametrize("kind", [pa.string_view(), pa.large_string()], ids=str)
def test_words_however_they_are_stored(load, kind) -> None:
    rows = pa.Table.from_pandas(FRAME.assign(id=[f"c{i}" for i in range(ROWS)], day=FRAME.joined.astype(str)))
    columns = {name: rows[name].cast(kind) for name in ("city", "id", "day")}
    stored = pa.table({name: columns.get(name, rows[name]) for name in rows.column_names})
    asked = {"validation": LAST, "columns": {"day": "date"}}
    data, expected = load(stored, **asked), load(rows, **asked)
    assert data.digest == expected.digest and data.example == expected.example
    assert [column.name for column in data.left_out] == ["id"]
    with pytest.raises(DataError, match="but row 39 holds 'oops'"):
        load({"a": pa.array([*map(str, range(ROWS - 1)), "oops"], kind), "y": rows["y"]})


def test_bytes_as_views(load) -> None:
    numbers = pa.array([np.array([i, 1], "<f4").tobytes() for i in range(ROWS)], pa.binary_view())
    data = load({"v": numbers, "city": FRAME.city.tolist(), "y": FRAME.y.tolist()}, validation=LAST)
    assert data.train.x[:, 0].tolist() == list(range(36))


def test_rows_are_taken_from_text_of_more_than_two_gigabytes() -> None:
    text, ends = np.zeros(2**28 + 3, np.uint8), np.arange(2**28 - 1, 2**28 + 4, dtype=np.int32)
    text[-3:], ends[0] = [97, 98, 97], 0
    chunk = pa.Array.from_buffers(pa.string(), 4, [None, pa.py_buffer(ends), pa.py_buffer(text)])
    column = pa.chunked_array([chunk] * 9)
    train = np.flatnonzero(np.arange(len(column)) % 4)
    table, said = Table({"a": column}), CategoryOptions()
    found = encoded_columns(("a",), [table], train, np.empty(0), {"a": said})
    assert found.features[0].encoder.levels == ("a", "b") and found.features[0].encoder.rows == 27


def test_dates_beyond_those_of_python(load) -> None:
    days = pa.array([10**7 + i % 9 for i in range(ROWS)], pa.date32())  # in the year 29349
    same = pa.array([10**7] * ROWS, pa.date32())
    data = load({"day": days, "always": same, "y": FRAME.y.tolist()}, validation=LAST)
    assert [feature.name for feature in data.schema.features] == ["day"]
    assert data.example[0] == ("29349-01-26",)


def test_whole_numbers_as_categories_are_names(load) -> None:
    zips = [1000 + i % 4 for i in range(ROWS - 1)]
    known = {"b": np.arange(ROWS, dtype=float), "y": FRAME.y.to_numpy()}
    for given in (
        pd.DataFrame({"zip": pd.Categorical([*zips, None]), **known}),
        {"zip": pd.Series([*zips, None], dtype="category"), **known},
        pa.table({"zip": pa.array([*zips, None]).dictionary_encode(), **known}),
    ):
        data = load(given, validation=LAST)
        assert [feature.encoder.kind for feature in data.schema.features] == ["category", "number"]
        assert encoder(data, "zip").levels == (1000, 1001, 1002, 1003) and data.validation.x[-1, 1] == 0
    whole = load(pd.DataFrame({"zip": pd.Categorical([*zips, 1000]), **known}))  # beside plain numbers alone
    assert whole.schema.features[0].encoder.kind == "category"


def test_useless_columns_are_named_and_left_out(load, caplog) -> None:
    big = np.arange(ROWS) + 2**60
    useless = {
        "id": [f"c{i}" for i in range(ROWS)],
        "number": big,
        "always": 1,
        "nothing": None,
        "copy": FRAME.y,
        "nan": np.nan,
    }
    data = load(FRAME.assign(**useless), validation=LAST)
    assert [feature.name for feature in data.schema.features] == ["city", "age", "joined", "vip"]
    assert {column.name: column.why[:20] for column in data.left_out} == {
        "id": "nearly every row has",
        "number": "nearly every row has",
        "always": "it is the same in al",
        "nothing": "it has no value in a",
        "copy": "it equals the label ",
        "nan": "it has no value in a",
    }
    missing = {column.name: column.missing for column in data.left_out if column.missing}
    assert missing == dict.fromkeys(("nothing", "nan"), len(data.train.x))
    said = [record.getMessage() for record in caplog.records]
    assert sum("is left out" in message for message in said) == 6
    kept = load(FRAME.assign(id=useless["id"]), validation=LAST, columns={"id": "category"})
    assert encoder(kept, "id").codes == 2 and not kept.left_out
    with pytest.raises(DataError, match=r"but all are left out: 'id': nearly every row"):
        load(FRAME[["y"]].assign(id=useless["id"]))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["2024-01-31", "2024-02-01T08:30:00+02:00", "2023-12-01"],
            r"dates as words; set data.columns: {a: date}",
        ),
        (
            ["31.12.2024", "1.2.2024", "2.2.24"],
            r"dates as words, such as '31.12.2024'; write them as 2024-01-31",
        ),
        (["1,234.5", "99", "7"], r"numbers as words, such as '1,234.5'; write them as numbers"),
        (["12%", "99%", "7%"], r"numbers as words, such as '12%'; write them as numbers"),
        (["01234", "99", "7"], None),
        (["1.2.3", "2024-01-31", "x"], None),
    ],
)
def test_dates_and_numbers_as_words_are_named(load, caplog, words, said) -> None:
    load(FRAME[["y"]].assign(a=[*words, None] * (ROWS // 4)), validation=LAST)
    ends = f"{said} to use them, set data.columns: {{a: category}} to keep words"
    assert [record.getMessage() for record in caplog.records] == (
        [] if said is None else [f"data: column 'a' has {ends}"]
    )
    caplog.clear()
    load(FRAME[["y"]].assign(a=[*words, None] * (ROWS // 4)), validation=LAST, columns={"a": "category"})
    assert not caplog.records


def test_all_columns_that_cannot_be_used_are_named_at_once(load) -> None:
    frame = FRAME.assign(
        wait=pd.timedelta_range("1h", periods=ROWS),
        oops=[*map(str, range(ROWS - 1)), "oops"],
        far=[1e300, *range(ROWS - 1)],
    )
    with pytest.raises(DataError) as raised:
        load(frame, validation=LAST, columns={"city": "number"})
    first, *lines = str(raised.value).splitlines()
    assert first == "4 feature columns cannot be used:"
    assert (
        "feature 'city' must hold numbers, but its type is string; cast it, or set data.columns" in lines[0]
    )
    assert "feature 'wait' must hold numbers, words, bools, dates or arrays, but its type is dur" in lines[1]
    assert "feature 'oops' must be numeric" in lines[2] and "but row 39 holds 'oops'" in lines[2]
    assert "feature 'far' must hold finite float32 numbers, but holds 1e+300" in lines[3]


def test_plain_numbers_that_cannot_be_used_are_named_at_once(load) -> None:
    with pytest.raises(DataError, match=r"(?s)2 feature columns cannot be used:\n  .*'a'.*\n  .*'c'"):
        load(
            {"a": np.array([np.inf] * 20), "b": np.arange(20), "c": np.array([1e300] * 20), "y": [0, 1] * 10}
        )


def test_missing_numbers_beside_plain_ones(load) -> None:
    x = np.arange(40, dtype=float).reshape(20, 2)
    plain = load({"a": x[:, 0], "b": x[:, 1], "y": [0, 1] * 10})
    assert not plain.schema.encoded
    lacking = load({"a": np.where(x[:, 0] == 4, np.nan, x[:, 0]), "b": x[:, 1], "y": [0, 1] * 10})
    assert [feature.encoder.kind for feature in lacking.schema.features] == ["number", "number"]


def test_arrays_beside_words(load) -> None:
    spots = pa.array([[float(i), 1.0] for i in range(ROWS)])
    data = load({"spot": spots, "city": FRAME.city.tolist(), "y": FRAME.y.tolist()}, validation=LAST)
    assert data.schema.features[0].shape == (2,) and data.train.x[5].tolist()[:2] == [5, 1]
    assert data.example[1] == ([1.0, 1.0], "Rome")
    broken = pa.array([[float(i), None if i == 7 else 1.0] for i in range(ROWS)])
    with pytest.raises(DataError, match="'spot' must hold finite float32 numbers, but row 7 does not"):
        load({"spot": broken, "city": FRAME.city.tolist(), "y": FRAME.y.tolist()})


def test_the_example_has_arrays_as_lists_however_they_are_stored(load) -> None:
    pairs = [[float(i % 9), 1.5] for i in range(ROWS)]
    columns = {
        "bytes": [np.array(pair, "<f4").tobytes() for pair in pairs],
        "decimals": pa.array([[Decimal(number) for number in pair] for pair in pairs]),
        "vector": pa.array(
            [{"type": 0, "size": 2, "indices": [0, 1], "values": pair} for pair in pairs], VECTOR
        ),
    }
    data = load({**columns, "city": FRAME.city.tolist(), "y": FRAME.y.tolist()}, validation=LAST)
    assert json.loads(json.dumps(data.example[2])) == [[2.0, 1.5]] * 3 + ["Oslo"]
