import numpy as np
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
        ([], r"data: must hold rows, but it is empty"),
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
