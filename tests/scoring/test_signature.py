"""The SQL statement that gives a function its typed parameters."""

import pytest

from sparktune.bundle import Bundle
from sparktune.bundle.manifest import Manifest, Tensor
from sparktune.columns.encoders.category import CategoryEncoder
from sparktune.columns.encoders.number import NumberEncoder
from sparktune.columns.schema import Feature
from sparktune.scoring.signature import definition, is_table, quoted, sql_parameters
from tests.bundle.models import BINARY, CLASSES, REGRESSION


def manifest_of(bundle: Bundle, *names: str, dtype: str = "float32") -> Manifest:
    columns = BINARY.model_copy(update={"features": tuple(Feature(name=name) for name in names)})
    tensor = Tensor(shape=(len(names),), dtype=dtype)
    return bundle.manifest.model_copy(update={"columns": columns, "tensor": tensor})


def test_a_table_has_single_numbers_alone() -> None:
    assert [is_table(schema) for schema in (BINARY, CLASSES, REGRESSION)] == [True, False, False]


def test_parameters_have_the_names_of_the_columns(bundles: dict[str, Bundle]) -> None:
    manifest = manifest_of(bundles["binary"], "age", "a b", "ä`s")
    assert sql_parameters(manifest) == {"`age`": "FLOAT", "`a b`": "FLOAT", "`ä``s`": "FLOAT"}
    assert quoted("ä`s") == "`ä``s`"


def test_names_that_differ_in_case_alone_are_numbered(bundles: dict[str, Bundle]) -> None:
    assert list(sql_parameters(manifest_of(bundles["binary"], "Age", "age"))) == ["`Age`", "`column_2`"]


@pytest.mark.parametrize(
    ("dtype", "kind"), [("float64", "DOUBLE"), ("int32", "BIGINT"), ("float16", "FLOAT")]
)
def test_parameters_have_the_type_of_the_models_input(
    bundles: dict[str, Bundle], dtype: str, kind: str
) -> None:
    assert sql_parameters(manifest_of(bundles["binary"], "age", dtype=dtype)) == {"`age`": kind}


def test_numbers_of_encoded_columns_are_double(bundles: dict[str, Bundle]) -> None:
    encoders = {
        "bill": NumberEncoder(column_type="decimal(5,2)", median=1.0, mean=1.0),
        "zone": CategoryEncoder(column_type="bigint", levels=(3, 1 - 2**53), values=2),
        "code": CategoryEncoder(column_type="bigint", levels=(3, -(2**53)), values=2),
        "plan": CategoryEncoder(column_type="string", levels=("gold",), values=1),
    }
    features = tuple(Feature.encoded(name, encoder) for name, encoder in encoders.items())
    columns = BINARY.model_copy(update={"features": features})
    found = sql_parameters(bundles["binary"].manifest.model_copy(update={"columns": columns}))
    assert found == {"`bill`": "DOUBLE", "`zone`": "DOUBLE", "`code`": "BIGINT", "`plan`": "STRING"}


def test_the_statement_names_the_model(bundles: dict[str, Bundle]) -> None:
    manifest = manifest_of(bundles["binary"], "age", "visits")
    statement = definition(manifest, "churn", "churn_row", "prediction")
    assert statement.startswith(
        "CREATE OR REPLACE TEMPORARY FUNCTION churn(`age` FLOAT, `visits` FLOAT) RETURNS string "
    )
    assert manifest.digest in statement
    assert "RETURN coalesce(churn_row(`age`, `visits`), " in statement
