"""The SQL types of columns and answers."""

import pytest

from sparktune.columns.schema import Schema
from sparktune.errors import ScoringError
from sparktune.scoring.types import answer_names, answer_type, check_columns, checked_output
from tests.bundle.models import BINARY, CLASSES, REGRESSION

WIDE = REGRESSION.model_copy(update={"outputs": 2})


@pytest.mark.parametrize(
    ("schema", "types"),
    [
        (BINARY, ["string", "double", "struct<prediction: string, probability: double>", "float"]),
        (
            CLASSES,
            [
                "bigint",
                "array<float>",
                "struct<prediction: bigint, probability: array<float>>",
                "array<float>",
            ],
        ),
        (REGRESSION, ["double", None, "struct<prediction: double>", "float"]),
        (WIDE, ["array<double>", None, "struct<prediction: array<double>>", "array<float>"]),
    ],
    ids=["binary", "classes", "regression", "two values"],
)
def test_every_answer_has_a_type(schema: Schema, types: list[str | None]) -> None:
    for output, kind in zip(("prediction", "probability", "both", "raw"), types, strict=True):
        if kind is None:
            with pytest.raises(ScoringError, match="a regression has no probability"):
                checked_output(schema, output)
        else:
            assert answer_type(schema, checked_output(schema, output)) == kind


def test_label_is_another_name_of_the_prediction() -> None:
    assert checked_output(BINARY, "label") == "prediction"
    with pytest.raises(ScoringError, match="prediction, probability, both or raw, but got 'labels'"):
        checked_output(BINARY, "labels")


def test_a_regression_adds_one_column() -> None:
    assert answer_names(REGRESSION) == ["prediction"]
    assert answer_names(BINARY) == answer_names(CLASSES) == ["prediction", "probability"]


NUMBERS = "array<double>"


@pytest.mark.parametrize("array", [NUMBERS, f"array<{NUMBERS}>", "binary"])
@pytest.mark.parametrize("scalar", ["bigint", "float", "decimal(9,2)"])
def test_columns_that_hold_numbers_pass(array: str, scalar: str) -> None:
    columns = {"id": "string", "A": scalar, "b": array}
    assert check_columns(REGRESSION, columns, case_sensitive=False) == ["A", "b"]


def test_case_tells_columns_apart_where_the_session_does() -> None:
    with pytest.raises(ScoringError, match="'a' is missing"):
        check_columns(REGRESSION, {"A": "bigint", "b": NUMBERS}, case_sensitive=True)


@pytest.mark.parametrize(("a", "b"), [("string", NUMBERS), ("bigint", "bigint")])
def test_columns_that_hold_something_else_are_refused(a: str, b: str) -> None:
    with pytest.raises(ScoringError, match=r"must hold .* cast it"):
        check_columns(REGRESSION, {"a": a, "b": b}, case_sensitive=False)
