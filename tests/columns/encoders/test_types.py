"""Arrow types by name, and who reads them."""

import pyarrow as pa
import pytest

from sparktune.columns.encoders.types import sql_type, usual_kind


@pytest.mark.parametrize(
    ("kind", "name", "encoder"),
    [
        (pa.bool_(), "boolean", "category"),
        (pa.uint64(), "bigint", "number"),
        (pa.float16(), "double", "number"),
        (pa.decimal128(10, 2), "decimal(10,2)", "number"),
        (pa.string_view(), "string", "category"),
        (pa.dictionary(pa.int8(), pa.string()), "string", "category"),
        (pa.dictionary(pa.int8(), pa.int64()), "bigint", "category"),
        (pa.dictionary(pa.int8(), pa.float64()), "double", "number"),
        (pa.date64(), "date", "date"),
        (pa.timestamp("ns"), "timestamp_ntz", "date"),
        (pa.timestamp("us", "UTC"), "timestamp", "date"),
        (pa.list_(pa.int8()), "string", "vector"),
        (pa.binary(8), "string", "vector"),
        (pa.time32("s"), "string", None),
        (pa.duration("s"), "string", None),
        (pa.map_(pa.string(), pa.int8()), "string", None),
    ],
    ids=str,
)
def test_types(kind: pa.DataType, name: str, encoder: str | None) -> None:
    assert sql_type(kind) == name
    assert usual_kind(kind) == encoder
