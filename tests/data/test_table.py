import numpy as np
import pyarrow as pa
import pytest

from sparktune.data.table import Table
from sparktune.errors import DataError


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            [("x", [1, 2, 3]), ("y", [1, 2])],
            r"data: columns must have the same number of rows, but x has 3, y has 2",
        ),
        ([("x", []), ("y", [])], r"data: must hold rows, but it is empty"),
        ([], r"data: must hold rows, but it is empty; give at least one row$"),
        ([("x", [1]), ("x", [2])], r"data: column names must differ, but 'x' stands twice"),
        ([("x", 3)], r"column 'x' must have one value per row, but got 3"),
    ],
)
def test_columns_that_are_no_table(columns, message):
    with pytest.raises(DataError, match=message):
        Table.of(columns, "data")


def test_a_missing_column_is_named_with_the_nearest():
    table = Table({"income": np.ones(2), "age": np.ones(2)}, "data")
    with pytest.raises(
        DataError, match=r"data: feature column 'incme' is not there; did you mean 'income'\?"
    ):
        table.values("incme", "feature")
    with pytest.raises(DataError, match=r"weight column 'zzz' is not there; known columns: age, income"):
        table.values("zzz", "weight")


def test_only_a_feature_is_left_out_by_naming_features():
    dates = Table({"when": pa.array([1], pa.date32())}, "data")
    with pytest.raises(
        DataError, match=r"'when' must hold numbers, but its type is date32\[day\]; convert it$"
    ):
        dates.values("when", "label")
    with pytest.raises(DataError, match=r"convert it, or leave it out by naming data\.features$"):
        dates.values("when", "feature")


def column(*chunks):
    return Table({"a": pa.chunked_array(chunks)}, "data").values("a", "feature")


def test_chunks_stand_one_after_another():
    rows = np.arange(6, dtype="<f4").reshape(3, 2)
    empty = pa.array([], pa.list_(pa.float64()))
    np.testing.assert_array_equal(
        column(pa.array(rows[:1].tolist()), empty, pa.array(rows[1:].tolist())), rows
    )
    packed = [row.tobytes() for row in rows]
    np.testing.assert_array_equal(column(packed[:2], packed[2:]), rows)


def test_chunks_of_different_kinds():
    numbers = column(pa.array([1, 2]), pa.array([3, None]))
    assert numbers.dtype == np.float64 and numbers[:3].tolist() == [1, 2, 3] and np.isnan(numbers[3])
    assert column(["a"], ["b", None]).tolist() == ["a", "b", None]


def test_a_row_is_named_across_chunks():
    with pytest.raises(DataError, match=r"'a' is ragged: .* row 0, .*1.*, but row 3 has .*2"):
        column([[1.0]], [[1.0], [1.0]], [[1.0, 2.0]])
    with pytest.raises(DataError, match=r"column 'a' has no value in row 2"):
        column([[1.0]], [[1.0], None])
