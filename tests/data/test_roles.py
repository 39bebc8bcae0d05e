import numpy as np
import pytest

from sparktune.data.roles import Roles
from sparktune.data.table import Table
from sparktune.errors import DataError
from sparktune.spec import DataSpec, SplitSpec

TABLE = Table({name: np.ones(2) for name in ("a", "b", "w", "part", "label")})


def test_features_are_what_has_no_other_role():
    data = DataSpec(weight="w", validation=SplitSpec(column="part", value="v"))
    assert Roles.of(data, TABLE, "w") == Roles(("a", "b"), "label", "w")


def test_roles_that_are_named():
    assert Roles.of(DataSpec(features=["b"], label="a"), TABLE, None) == Roles(("b",), "a", None)


def test_a_column_without_a_name_is_no_feature(caplog):
    table = Table({"": np.arange(2), **TABLE.columns})
    assert Roles.of(DataSpec(), table, None).features == ("a", "b", "w", "part")
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith("data: the column without a name is left out")
    caplog.clear()
    assert Roles.of(DataSpec(features=["a"]), table, None).features == ("a",) and not caplog.records


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"features": ["a", "b", "a"]}, r"data\.features must differ, but 'a' stands twice"),
        ({"features": ["a", "label"]}, r"must not hold the label, weight or split column, but holds 'label'"),
        ({"features": ["w"], "weight": "w"}, r"but holds 'w'"),
        (
            {"columns": {"label": "category"}},
            r"'label' is none; it is the label, weight or split column; remove it",
        ),
        ({"columns": {"aa": "category"}}, r"'aa' is none; did you mean 'a'\?"),
        ({"features": ["part"], "test": SplitSpec(column="part")}, r"but holds 'part'"),
    ],
)
def test_columns_in_two_roles(data, message):
    spec = DataSpec(**data)
    with pytest.raises(DataError, match=message):
        Roles.of(spec, TABLE, spec.weight)
