"""What runs on the executors, without Spark."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from sparktune.bundle import Bundle
from sparktune.bundle.payload import to_payload
from sparktune.errors import ScoringError
from sparktune.scoring.worker import answers, loaded, predict_columns
from tests.bundle.models import BINARY, CLASSES, by_keras, inputs


def test_model_is_loaded_once_in_a_worker(bundles: dict[str, Bundle]) -> None:
    first = loaded(to_payload(bundles["binary"]))
    assert loaded(to_payload(bundles["binary"])) is first
    assert loaded(to_payload(bundles["classes"])) is not first
    for number in range(8):
        loaded(replace(to_payload(bundles["regression"]), digest=str(number)))
    assert loaded(to_payload(bundles["binary"])) is first, "a query may have many models"


def test_struct_answers_hold_label_and_probability(bundles: dict[str, Bundle]) -> None:
    x = inputs("binary", 5)
    columns = [pa.array(column) for column in x.T]
    raw = by_keras(bundles["binary"], x)
    got = predict_columns(to_payload(bundles["binary"]), "both", *columns).to_pylist()
    assert [row["prediction"] for row in got] == bundles["binary"].labels(raw)
    np.testing.assert_allclose([row["probability"] for row in got], raw[:, 0], atol=1e-5)


def test_outputs_that_are_nan_have_no_label() -> None:
    raw = np.array([[np.nan], [0.9], [0.9]], "f4")
    got = answers(BINARY, "both", raw, np.array([True, True, False])).to_pylist()
    assert [row["prediction"] for row in got] == [None, "yes", None]
    assert np.isnan(got[0]["probability"])
    assert got[2]["probability"] is None


@pytest.mark.parametrize("output", ["raw", "prediction", "both"])
@pytest.mark.parametrize("kind", ["binary", "classes", "regression"])
def test_empty_batches_give_empty_answers(bundles: dict[str, Bundle], kind: str, output: str) -> None:
    empty = pa.array([], pa.list_(pa.float32()))
    assert len(predict_columns(to_payload(bundles[kind]), output, empty)) == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ([], "takes the model's columns, but got no argument"),
        ([pa.array([1.0])], "'the only argument' must hold 4 numbers in a row, but got 1"),
        ([pa.array([1.0])] * 3, "the function takes 2 arguments, a, b .* but got 3: double, double, double"),
        (
            [pa.array(["1"]), pa.array([[1.0, 2, 3]])],
            "'a' must hold numbers, but its type is string; cast it",
        ),
        ([pa.array([{"a": 1.0, "c": 2.0}])], "the function takes 2 arguments, a, b .* but got 1: struct"),
    ],
)
def test_wrong_arguments_say_what_is_expected(
    bundles: dict[str, Bundle], columns: list[pa.Array], message: str
) -> None:
    with pytest.raises(ScoringError, match=message):
        predict_columns(to_payload(bundles["regression"]), "raw", *columns)


def test_names_of_classes_are_what_sql_gives() -> None:
    named = CLASSES.model_copy(update={"class_names": ("cat", "dog", "owl")})
    raw = np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]], "f4")
    assert answers(named, "prediction", raw, np.array([True, True])).to_pylist() == ["dog", "cat"]
