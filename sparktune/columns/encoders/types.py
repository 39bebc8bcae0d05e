"""Arrow types: their names in Spark SQL, and what encodes a column of a type where nobody says."""

import json
from collections.abc import Sequence

import pyarrow as pa

FLOAT32_MAX = 3.4028234663852886e38

WORDS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
BINARY = (
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
    pa.types.is_fixed_size_binary,
)
_TESTS = (
    ("boolean", (pa.types.is_boolean,)),
    ("bigint", (pa.types.is_integer,)),
    ("double", (pa.types.is_floating,)),
    ("string", WORDS),
    ("date", (pa.types.is_date,)),
)


def stands_for(kind: pa.DataType) -> pa.DataType:
    """The type of the values that a dictionary, run-end encoding or extension type stands for."""
    if isinstance(kind, pa.BaseExtensionType):
        return stands_for(kind.storage_type)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return stands_for(kind.value_type)
    return kind


def sql_type(kind: pa.DataType) -> str:
    """The type in Spark SQL that holds single values of an Arrow type; string where there is none."""
    kind = stands_for(kind)
    if pa.types.is_decimal(kind):
        return f"decimal({min(kind.precision, 38)},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamp_ntz" if kind.tz is None else "timestamp"
    return next((name for name, tests in _TESTS if any(test(kind) for test in tests)), "string")


def literal(value: bool | int | float | str) -> str:
    """A value as Spark SQL writes it."""
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value}L" if isinstance(value, int) else f"{value!r}D"


def array_literal(values: Sequence[bool | int | float | str], kind: str) -> str:
    """An array as Spark SQL writes it in one literal, for each of which it has less to do than for many."""
    text = json.dumps(values, ensure_ascii=False)
    return f"from_json({literal(text)}, 'ARRAY<{kind}>')"


def holds_numbers(kind: pa.DataType) -> bool:
    """Whether single values of this type are numbers; bools are, as 0 and 1."""
    return sql_type(kind).startswith(("boolean", "bigint", "double", "decimal"))


def holds_words(kind: pa.DataType) -> bool:
    """Whether single values of this type are text."""
    kind = stands_for(kind)
    return any(test(kind) for test in WORDS)


def holds_dates(kind: pa.DataType) -> bool:
    """Whether single values of this type are dates or times of a date."""
    return sql_type(kind).startswith(("date", "timestamp"))


def usual_kind(kind: pa.DataType) -> str | None:
    """The kind of encoder that reads such columns unless a study says otherwise; None where none does.

    Words, bools and dictionaries of whole numbers are categories; other numbers are numbers.
    """
    stored = stands_for(kind)
    if holds_words(stored) or pa.types.is_boolean(stored) or pa.types.is_null(stored):
        return "category"
    if pa.types.is_integer(stored) and pa.types.is_dictionary(kind):
        return "category"
    if holds_numbers(stored):
        return "number"
    if holds_dates(stored):
        return "date"
    nested = pa.types.is_nested(stored) and not pa.types.is_map(stored)
    return "vector" if nested or any(test(stored) for test in BINARY) else None
