"""Raw outputs become labels."""

import numpy as np

from sparktune.bundle.labels import label_kind, labels
from tests.bundle.models import BINARY, CLASSES, REGRESSION


def test_binary_labels_start_above_one_half() -> None:
    assert labels(BINARY, np.array([[0.2], [0.5], [0.7], [np.nan]], "f4")) == ["no", "no", "yes", None]


def test_largest_output_is_the_class() -> None:
    raw = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3], [np.nan] * 3], "f4")
    assert labels(CLASSES, raw) == [20, 10, None]


def test_regression_keeps_its_values() -> None:
    assert labels(REGRESSION, np.array([[1.5], [2.0]], "f4")) == [1.5, 2.0]
    several = REGRESSION.model_copy(update={"outputs": 2})
    assert labels(several, np.array([[1.5, 2.0]], "f4")) == [[1.5, 2.0]]


def test_sql_types_of_labels() -> None:
    def kind(*classes: object) -> str:
        return label_kind(BINARY.model_copy(update={"classes": classes}))

    assert kind(False, True) == "boolean"
    assert kind(0, 1) == "bigint"
    assert kind(0, 1.5) == "double"
    assert kind("a", "b") == "string"
    assert kind("a", 1) == "string"


def test_names_of_classes_are_what_is_predicted() -> None:
    named = CLASSES.model_copy(update={"class_names": ("cat", "dog", "owl")})
    assert labels(named, np.array([[0.1, 0.7, 0.2], [np.nan] * 3], "f4")) == ["dog", None]
    assert label_kind(named) == "string"
