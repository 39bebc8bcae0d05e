"""The types of fields, each tried on what it takes and what it refuses."""

import math
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from sparktune.spec.base import (
    MAX_BITS,
    MAX_INT,
    MAX_WEIGHTS,
    Count,
    Fault,
    Line,
    Name,
    Place,
    Plain,
    Section,
    check_weights,
    dense_weights,
    place,
    sequence,
)


class Layer(Section):
    """A section for these tests."""

    units: Count = 1
    rate: float = 0.0
    names: tuple[Name, ...] = sequence(())
    extra: Plain = None


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"units": True}, "int_type"),
        ({"units": "1"}, "int_type"),
        ({"units": 1.0}, "int_type"),
        ({"units": 0}, "greater_than_equal"),
        ({"units": MAX_INT + 1}, "less_than_equal"),
        ({"rate": math.nan}, "finite_number"),
        ({"rate": "0.5"}, "float_type"),
        ({"names": "ab"}, "tuple_type"),
        ({"names": [1]}, "string_type"),
        ({"unit": 1}, "extra_forbidden"),
    ],
)
def test_a_section_takes_no_other_type_and_no_other_name(fields: dict[str, Any], kind: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Layer(**fields)
    assert refused.value.errors()[0]["type"] == kind


def test_a_section_is_frozen_and_its_sequences_take_lists() -> None:
    layer = Layer(names=["a", "b"])  # type: ignore[arg-type]
    assert layer.names == ("a", "b")
    with pytest.raises(ValidationError, match="frozen"):
        layer.units = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ((1, [2, (3,)]), [1, [2, [3]]]),
        ({"a": np.float32(0.5)}, {"a": 0.5}),
        (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (2**MAX_BITS - 1, 2**MAX_BITS - 1),
        (None, None),
    ],
)
def test_plain_values_are_those_of_json(given: Any, value: Any) -> None:
    found = Layer(extra=given).extra
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (math.inf, "must be a finite number"),
        (np.array([1.0, np.nan]), "must be a finite number"),
        (2**MAX_BITS, "must be a whole number of at most 1000 bits"),
        ({1: 2}, "must be a number, text"),
        (b"x", "must be a number, text"),
        (object(), "must be a number, text"),
        ([[[[[[[[[1]]]]]]]]], "must not be nested deeper than 8 levels"),
    ],
)
def test_what_json_has_not_is_refused(given: Any, rule: str) -> None:
    with pytest.raises(ValidationError, match=rule):
        Layer(extra=given)


@pytest.mark.parametrize(
    ("kind", "value", "taken"),
    [
        (Name, "a\nb\tü", True),
        (Name, "", False),
        (Name, "a\0", False),
        (Name, "\ud800", False),
        (Line, "a b ü\u3000", True),
        (Line, "a\nb", False),
        (Line, "a\x7f", False),
        (Place, "/data/new rows/ü.csv", True),
        (Place, "hdfs://host:9000/rows/*.parquet", True),
        (Place, "a\nb", False),
        (Place, "x" * 255 + "/" + "y" * 255, True),
        (Place, "x" * 256, False),
        (Place, "ü" * 128, False),
        (Place, "/".join("a" * 101), True),
        (Place, "/".join("a" * 102), False),
        (Place, "/".join(["x" * 200] * 18), False),
    ],
)
def test_names_lines_and_places(kind: Any, value: str, taken: bool) -> None:
    adapter = TypeAdapter(kind)
    if taken:
        assert adapter.validate_python(value) == value
    else:
        with pytest.raises(ValidationError):
            adapter.validate_python(value)


def test_a_file_name_that_is_no_unicode_is_a_place() -> None:
    assert place("a\udcff") == "a\udcff"


def test_weights_between_layers() -> None:
    assert [dense_weights(widths) for widths in ((), (3,), (3, 4), (3, 4, 5))] == [0, 0, 12, 32]
    check_weights(MAX_WEIGHTS, "hidden", 1)
    with pytest.raises(Fault, match="must make at most 10,000,000,000 weights") as refused:
        check_weights(MAX_WEIGHTS + 1, "hidden", (7, 8))
    assert (refused.value.path, refused.value.value) == (("hidden",), (7, 8))
