"""CSV and JSON rows have the types of training where Spark guesses others."""

from pathlib import Path
from typing import Any

import pytest

from sparktune.columns.encoders.category import CategoryEncoder
from sparktune.columns.encoders.number import NumberEncoder
from sparktune.columns.schema import Feature, Schema
from sparktune.errors import ScoringError
from sparktune.scoring.guessed_types import with_training_types
from sparktune.scoring.table_io import read
from sparktune.scoring.types import check_columns

SCHEMA = Schema(
    features=(
        Feature.encoded("age", NumberEncoder(column_type="double", median=1.0, mean=1.0)),
        Feature.encoded("Zip", CategoryEncoder(column_type="string", levels=("01234",), values=1)),
    ),
    input_shape=(2,),
    task="regression",
    outputs=1,
)


def rows_of(spark: Any, file: Path, text: str) -> Any:
    file.write_text(text)
    return with_training_types(spark, str(file), read(spark, str(file)), SCHEMA)


def test_words_of_digits_and_empty_columns_have_the_types_of_training(spark: Any, tmp_path: Path) -> None:
    frame = rows_of(spark, tmp_path / "rows.csv", "id,zip,age\n1,01234,\n2,,\n")
    assert frame.dtypes == [("id", "int"), ("zip", "string"), ("age", "double")]
    assert [tuple(row) for row in frame.collect()] == [(1, "01234", None), (2, None, None)]
    frame = rows_of(spark, tmp_path / "rows.json", '{"Zip": "01234", "age": null}')
    assert frame.dtypes == [("Zip", "string"), ("age", "double")]


def test_text_in_a_column_of_numbers_is_refused(spark: Any, tmp_path: Path) -> None:
    frame = rows_of(spark, tmp_path / "rows.csv", "Zip,age\n1,\n2,abc\n")
    types = {field.name: field.dataType for field in frame.schema.fields}
    with pytest.raises(ScoringError, match="'age' must hold double, as in training, but got string; cast it"):
        check_columns(SCHEMA, types, case_sensitive=False)
