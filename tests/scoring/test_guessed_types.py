"""CSV and JSON rows have the types of training where Spark guesses others."""

from pathlib import Path
from typing import Any

import pytest

from sparktune.columns.encoders.category import CategoryEncoder
from sparktune.columns.encoders.number import NumberEncoder
from sparktune.columns.schema import Feature, Schema
from sparktune.errors import ScoringError
from sparktune.scoring.guessed_types import with_training_types
from sparktune.scoring.rows import read_rows
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


WORDS = ["NA", "N/A", "#N/A", "NULL", "null", "n/a", "nan", "NaN", "-nan"]


def test_cells_that_training_reads_as_missing_are_missing(spark: Any, tmp_path: Path) -> None:
    cells = [*WORDS, "", "01234", "None", "Nan "]
    ages = [*WORDS, "", "3", "-4.5", "1e3"]
    text = "Zip,age\n" + "".join(f"{zip},{age}\n" for zip, age in zip(cells, ages, strict=True))
    frame = rows_of(spark, tmp_path / "rows.csv", text)
    python = read_rows(tmp_path / "rows.csv", SCHEMA)
    assert frame.dtypes == [("Zip", "string"), ("age", "double")]
    for name in ("Zip", "age"):
        assert [row[name] for row in frame.collect()] == python.columns[name].to_pylist()
    frame = rows_of(spark, tmp_path / "whole.csv", "Zip,age\n1,NA\n2,9007199254740993\n")
    assert [row.age for row in frame.collect()] == [None, 9007199254740993]


def test_a_word_that_training_has_found_is_no_missing_one(spark: Any, tmp_path: Path) -> None:
    """Training finds NA in CSV files where it is quoted, which Spark does not see, and in other files."""
    encoder = CategoryEncoder(column_type="string", levels=("NA", "DE"), values=2)
    schema = SCHEMA.model_copy(update={"features": (Feature.encoded("country", encoder),)})
    (tmp_path / "rows.csv").write_text('country\n"NA"\nnull\nDE\n')
    place = str(tmp_path / "rows.csv")
    frame = with_training_types(spark, place, read(spark, place), schema)
    assert [row.country for row in frame.collect()] == ["NA", None, "DE"]


def test_text_in_a_column_of_numbers_is_refused(spark: Any, tmp_path: Path) -> None:
    frame = rows_of(spark, tmp_path / "rows.csv", "Zip,age\n1,\n2,abc\n")
    types = {field.name: field.dataType.simpleString() for field in frame.schema.fields}
    with pytest.raises(ScoringError, match="'age' must hold double, as in training, but got string; cast it"):
        check_columns(SCHEMA, types, case_sensitive=False)
