"""Training and scoring read the same numbers from the same column, bit for bit."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparktune.columns.encoders.base import EncoderOptions, encoder_class
from sparktune.columns.encoders.category import CategoryOptions
from sparktune.columns.encoders.types import stands_for
from sparktune.columns.encoders.vector import VectorOptions
from sparktune.columns.inputs import side_by_side
from sparktune.data.encoding import encoded_columns
from sparktune.data.features import plain_columns
from sparktune.data.inputs import InputColumns, read_inputs
from sparktune.data.table import Table
from sparktune.errors import DataError
from tests.columns.vectors import VECTOR, dense, sparse


def whole_seconds(moment: datetime) -> datetime:
    """The moment without what the coarsest unit loses."""
    return moment.replace(microsecond=0)


SINGLE = st.floats(-(2.0**100), 2.0**100, width=32)
DOUBLE = st.floats(-(2.0**100), 2.0**100)
NUMBERS: list[tuple[pa.DataType, st.SearchStrategy[Any]]] = [
    (pa.bool_(), st.booleans()),
    (pa.int8(), st.integers(-128, 127)),
    (pa.uint8(), st.integers(0, 255)),
    (pa.int32(), st.integers(-(2**31), 2**31 - 1)),
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.uint64(), st.integers(0, 2**64 - 1)),
    (pa.float16(), st.floats(-60_000, 60_000, width=16).map(np.float16)),
    (pa.float32(), SINGLE),
    (pa.float64(), DOUBLE),
    (pa.decimal128(20, 4), st.integers(-(10**12), 10**12).map(lambda i: Decimal(i).scaleb(-4))),
]
BINARY = [pa.binary(), pa.large_binary()]


@st.composite
def lists(draw: st.DrawFn, kind: pa.DataType, numbers: st.SearchStrategy[Any]) -> tuple[pa.DataType, Any]:
    """Lists of one length around a type, with a NULL inside now and then."""
    side = draw(st.integers(1, 3))
    hole = draw(st.booleans())
    around = draw(st.sampled_from([pa.list_, pa.large_list, lambda inner: pa.list_(inner, side)]))
    member = numbers | st.none() if hole else numbers
    return around(kind), st.lists(member, min_size=side, max_size=side)


@st.composite
def columns(draw: st.DrawFn) -> pa.ChunkedArray:
    """A column of any type that holds numbers: with NULLs, in chunks, as a dictionary."""
    kind, numbers = draw(st.sampled_from(NUMBERS))
    width = draw(st.integers(1, 4))
    form = draw(st.sampled_from(["scalar", "list", "nested", "binary", "fixed binary", "vector"]))
    if form in ("list", "nested"):
        kind, numbers = draw(lists(kind, numbers))
    if form == "nested":
        kind, numbers = draw(lists(kind, numbers))
    if form.endswith("binary"):
        kind = pa.binary(4 * width) if form == "fixed binary" else draw(st.sampled_from(BINARY))
        packed = st.lists(SINGLE, min_size=width, max_size=width)
        numbers = packed.map(lambda row: np.array(row, "<f4").tobytes())
    if form == "vector":
        row = st.lists(DOUBLE, min_size=width, max_size=width).map(lambda row: dense(*row))
        places = st.dictionaries(st.integers(0, width - 1), DOUBLE)
        kind, numbers = VECTOR, row | places.map(lambda found: sparse(width, found))
    rows = draw(st.lists(numbers | st.none() if draw(st.booleans()) else numbers, min_size=1, max_size=9))
    array = pa.array(rows, kind)
    if form == "scalar" and kind != pa.float16() and draw(st.booleans()):
        array = array.dictionary_encode()
    cuts = sorted(draw(st.lists(st.integers(0, len(rows)), max_size=2)))
    ends = zip([0, *cuts], [*cuts, len(rows)], strict=True)
    return pa.chunked_array([array[start:stop] for start, stop in ends], array.type)


def trained(column: pa.ChunkedArray) -> tuple[Any, np.ndarray]:
    """What training reads: the feature, and its float32 numbers (rows, width)."""
    table = Table({"a": column})
    found = plain_columns(("a",), [table], np.empty(0))
    x = all_rows(found, table)
    return found.features[0], x.reshape(len(x), -1).astype(np.float32)


def all_rows(found: InputColumns, table: Table) -> np.ndarray:
    """x of all rows."""
    ((x,),) = read_inputs(found, [table], [[np.arange(len(table))]])
    return x


@settings(max_examples=150)
@given(columns())
def test_training_and_scoring_read_the_same_numbers(column: pa.ChunkedArray) -> None:
    whole = [complete(row) for row in column.to_pylist()]
    if not all(whole):
        with pytest.raises(DataError):
            trained(column)
    if not any(whole):
        return
    feature, x = trained(only(column, whole))
    scored, valid = side_by_side([column], [feature], np.dtype(np.float32))
    assert valid.tolist() == whole
    assert scored[valid].tobytes() == x.tobytes()


TEXT = st.text(max_size=3) | st.sampled_from(["a", "b"])
DAYS = st.dates(date(1900, 1, 1), date(2100, 1, 1))
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))
WHOLE = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3)
SMALL = (pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint16(), pa.uint32())
RAW: list[tuple[str, pa.DataType, st.SearchStrategy[Any]]] = [
    *(("number", kind, numbers) for kind, numbers in NUMBERS),
    ("number", pa.float64(), DOUBLE | st.just(float("nan"))),
    ("number", pa.decimal256(50, 4), st.integers(-(10**12), 10**12).map(lambda i: Decimal(i).scaleb(-4))),
    *(("category", kind, TEXT) for kind in (pa.string(), pa.large_string(), pa.string_view())),
    ("category", pa.int64(), WHOLE),
    *(("category", kind, st.integers(0, 100)) for kind in SMALL),
    ("category", pa.uint64(), st.integers(0, 2**64 - 1) | st.integers(0, 3)),
    ("category", pa.bool_(), st.booleans()),
    ("date", pa.date32(), DAYS),
    ("date", pa.date64(), DAYS),
    *(("date", kind, DAYS.map(str)) for kind in (pa.string(), pa.large_string(), pa.string_view())),
    *(("date", pa.timestamp(unit), MOMENTS.map(whole_seconds)) for unit in ("s", "ms", "us", "ns")),
    ("date", pa.timestamp("us", "Europe/Oslo"), MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC))),
]


@final
class Measured(pa.ExtensionType):
    """A type of somebody's own, that stands for another one."""

    def __init__(self, kind: pa.DataType) -> None:
        super().__init__(kind, "tests.measured")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, kind: pa.DataType, serialized: bytes) -> "Measured":
        return cls(kind)


def with_null_among_values(array: pa.Array) -> pa.Array:
    """The same values as a dictionary, of which one value is NULL."""
    return pa.DictionaryArray.from_arrays(pa.array(range(len(array)), pa.int32()), array)


FORMS: dict[str, Callable[[pa.Array], pa.Array]] = {
    "plain": lambda array: array,
    "dictionary": lambda array: array.dictionary_encode(),
    "dictionary of NULL": with_null_among_values,
    "runs": pc.run_end_encode,
    "extension": lambda array: pa.ExtensionArray.from_storage(Measured(array.type), array),
}
NOT_ENCODED = (pa.string_view(), pa.float16())  # as Arrow has no dictionaries or runs of them


@st.composite
def raw_columns(draw: st.DrawFn) -> tuple[EncoderOptions, pa.ChunkedArray]:
    """Options and a column of any type that an encoder reads: with NULLs, in chunks, sliced, encoded."""
    kind, stored, values = draw(st.sampled_from(RAW))
    given = values.filter(lambda value: value == value)  # no NaN, as a column of missing values is refused
    rows = [draw(given), *draw(st.lists(values | st.none(), max_size=9))]
    array = pa.array([None, *rows, None], stored)[1:-1]
    forms = ["plain", "extension"] if stored in NOT_ENCODED else [*FORMS]
    array = FORMS[draw(st.sampled_from(forms))](array)
    cut = draw(st.integers(0, len(rows)))
    options: dict[str, Any] = {"flag": draw(st.none() | st.booleans())} if kind == "number" else {}
    chunked = pa.chunked_array([array[:cut], array[cut:]], array.type)
    return encoder_class(kind).options(kind=kind, **options), chunked


@settings(max_examples=200)
@given(raw_columns())
def test_training_and_scoring_encode_alike(drawn: tuple[EncoderOptions, pa.ChunkedArray]) -> None:
    options, column = drawn
    rows = np.arange(len(column))
    beside = pa.chunked_array([[[float(row), 0.5] for row in rows]])
    table = Table({"a": column, "b": beside})
    declared = {"a": options, "b": VectorOptions()}
    found = encoded_columns(("a", "b"), [table], rows, rows, declared)
    assert not found.errors
    x = all_rows(found, table)
    assert np.isfinite(x).all()
    arrays = [column[row : row + 1].combine_chunks() for row in rows]
    one_by_one = pa.chunked_array([pa.concat_arrays(getattr(one, "chunks", [one])) for one in arrays])
    plain = pa.chunked_array([pa.array(column.to_pylist(), stands_for(column.type))])
    for form in (column, one_by_one, plain, plain.chunk(0)):
        scored, valid = side_by_side([form, beside], found.features, np.dtype(np.float32))
        assert valid.all() and scored.tobytes() == x.tobytes()


@pytest.mark.parametrize("words", [["a", "b", None, "a"], [None, *"abcd" * 8]])
@pytest.mark.parametrize("form", ["dictionary of NULL", "runs", "extension"])
def test_words_in_any_form_are_read_where_nobody_says_how(form: str, words: list[str | None]) -> None:
    column, rows = pa.chunked_array([FORMS[form](pa.array(words))]), np.arange(len(words))
    found = encoded_columns(("a",), [Table({"a": column})], rows, rows % 2, {})
    assert found.columns[0].feature.encoder.kind == "category"


def test_a_slip_among_runs_of_numbers_is_named() -> None:
    words = [*map(str, range(40)), "4O"]
    column, rows = pa.chunked_array([pc.run_end_encode(pa.array(words))]), np.arange(len(words))
    with pytest.raises(DataError, match="row 40 holds '4O'"):
        encoded_columns(("a",), [Table({"a": column})], rows, rows % 2, {})


def test_views_of_bytes_are_float32_numbers() -> None:
    packed = [np.array([row, 0.5], "<f4").tobytes() for row in range(3)]
    column, rows = pa.chunked_array([pa.array(packed, pa.binary_view())]), np.arange(3)
    table = Table({"a": column, "word": pa.chunked_array([["x", "y", "x"]])})
    found = encoded_columns(("a", "word"), [table], rows, rows, {"word": CategoryOptions()})
    assert all_rows(found, table)[:, :2].tolist() == [[0, 0.5], [1, 0.5], [2, 0.5]]


def only(column: pa.ChunkedArray, wanted: list[bool]) -> pa.ChunkedArray:
    """The wanted rows; Arrow's own filter confuses the rows of nested lists of fixed size."""
    if all(wanted):
        return column
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    rows = [row for row, one in zip(column.to_pylist(), wanted, strict=True) if one]
    return pa.chunked_array([pa.array(rows, kind)])


def complete(row: Any) -> bool:
    """Whether a row has a value, and no list in it a NULL."""
    if isinstance(row, list):
        return all(map(complete, row))
    return row is not None
