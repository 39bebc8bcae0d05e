"""Ids, slips of the pen, and labels under another name."""

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sparktune.data.suspects import Watch, equals_label, misread_number, why_useless

LABELS = np.array(["a", "b"] * 20)


def chunked(values: Any) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values)])


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([f"w{i}" for i in range(40)], "nearly every row"),
        ([f"w{i % 30}" for i in range(40)], None),
        (pa.array([f"w{i}" for i in range(40)]).dictionary_encode(), "nearly every row"),
        (list(range(40)), None),
        ([2**60 + i for i in range(40)], "nearly every row"),
        ([i * 2**40 for i in range(40)], None),
        (LABELS, "equals the label"),
        ([None, *LABELS.tolist()[1:]], "equals the label"),
        ([label if label == "a" else None for label in LABELS.tolist()], None),
        ([*LABELS.tolist()[:19], *[None] * 21], None),
        ([None, *[1, 0] * 19, 1], "equals the label"),
        ([1.0, 0.0] * 20, "equals the label"),
        ([False, True] * 20, "equals the label"),
        ([0, 1] * 19 + [0, 0], None),
        ([0, None] * 20, None),
        ([None] * 40, "no value"),
        ([f"w{i}" for i in range(19)] + [None] * 21, None),
    ],
)
def test_useless_columns(values: Any, why: str | None) -> None:
    column = chunked(values) if not isinstance(values, pa.Array) else pa.chunked_array([values])
    found = why_useless(column, column, LABELS)
    assert (found is None) if why is None else (found is not None and why in found)


def test_a_column_in_chunks_equals_the_label() -> None:
    column = pa.chunked_array([LABELS[:7].tolist(), LABELS[7:].tolist()])
    assert equals_label(column, LABELS) and not equals_label(column, LABELS[::-1])
    assert not equals_label(column[:10], LABELS[:10])  # too few rows to say so
    assert equals_label(np.arange(30), np.arange(30)) and not equals_label(np.zeros((30, 2)), np.zeros(30))


def test_a_decimal_label_under_another_name(load) -> None:
    prices = [Decimal(cents).scaleb(-2) for cents in range(7, 47)]
    for label in (pa.array(prices), np.array(prices, float)):
        table = {"copy": pa.array(prices), "word": ["a", "b"] * 20, "y": label}
        assert [column.name for column in load(table).left_out] == ["copy"]


def test_one_of_three_words_is_not_the_label() -> None:
    labels = np.array(["a", "b", "c"] * 10, object)
    watch, is_a = Watch(labels), np.array([1, 0, 0] * 10)
    watch.see(is_a, 0)
    assert not watch.equal and not equals_label(chunked(is_a), labels)


def test_leaks_among_plain_numbers(load, caplog) -> None:
    x, y = np.arange(60.0).reshape(20, 3), np.arange(1.0, 60, 3)
    data = load({"v": x[:, ::2], "b": x[:, 1], "y": y})
    assert [record.getMessage().split(";")[0] for record in caplog.records] == [
        "data: feature 'b' equals the label in every row"
    ]
    assert len(data.schema.features) == 2
    caplog.clear()
    load({"v": x[:, ::2], "left": [0, 1] * 10, "y": ["no", "yes"] * 10})
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith("data: feature 'left' equals the label in every row")


def test_plain_numbers_are_watched_piece_by_piece() -> None:
    y = np.arange(40)
    for column, equal, constant in (
        (y.astype("f8"), True, False),
        (np.stack([y[::-1], y], axis=1), True, False),
        (np.where(y < 39, y, 0), False, False),
        (np.ones(40), False, True),
        (np.ones((40, 1)), False, False),
        (np.where(y < 39, 1, 0), False, False),
    ):
        watch, of_words = Watch(y), Watch(y.astype(str))
        for start in range(0, 40, 7):
            watch.see(column[start : start + 7], start)
            of_words.see(column[start : start + 7], start)
        assert (watch.equal, watch.constant) == (equal, constant)
        assert not of_words.equal and of_words.constant == constant
    for codes in (y == 3, y != 3, np.stack([y, y == 3], axis=1)):
        of_words = Watch(np.where(y == 3, "yes", "no"))
        for start in range(0, 40, 7):
            of_words.see(codes[start : start + 7], start)
        assert of_words.equal
    few = Watch(y[:10])
    few.see(np.ones(10), 0)
    assert not few.constant and not few.equal


def test_constants_among_plain_numbers_are_named(load, caplog) -> None:
    x, y = np.arange(40.0).reshape(20, 2), [0, 1] * 10
    data = load({"a": x[:, 0], "one": np.ones(20), "two": np.full(20, 2), "v": np.ones((20, 2)), "y": y})
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith("data: 2 features are the same in every row: 'one', 'two'; leave them out by")
    assert len(data.schema.features) == 4  # models of plain numbers stay what they were


def test_a_slip_among_numbers_as_text() -> None:
    digits = [str(i) for i in range(40)]
    assert misread_number(chunked([*digits, "oops"])) == "oops"
    assert misread_number(chunked(digits)) is None
    assert misread_number(chunked(["a", "b", "1"])) is None
    assert misread_number(chunked([1, 2])) is None
