import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparktune.columns.schema import Label, Task
from sparktune.data.labels import (
    check_names,
    classes_of,
    encode_labels,
    label_names,
    label_values,
    task_of,
)
from sparktune.data.table import Table
from sparktune.errors import DataError

LABELS = (
    st.lists(st.integers(-(2**40), 2**40), min_size=2, max_size=40)
    | st.lists(st.booleans(), min_size=2, max_size=40)
    | st.lists(st.text(max_size=5), min_size=2, max_size=40)
    | st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=2, max_size=40)
)


@settings(max_examples=200, deadline=None)
@given(LABELS.filter(lambda labels: len(set(labels)) > 1))
def test_the_map_gives_every_label_back(given_labels):
    labels = Table({"y": pa.array(given_labels)}).values("y", "label")
    classes = classes_of(labels, "y")
    indices = encode_labels(labels, "classes", classes, "train")
    assert [classes[i] for i in indices] == given_labels
    assert list(classes) == sorted(set(given_labels)) and indices.dtype == np.int32
    assert {type(c) for c in classes} == {type(label) for label in given_labels}


@pytest.mark.parametrize(
    ("labels", "task"),
    [
        ([0.5, 1.5, 0.5, 1.5], "regression"),
        ([0, 1] * 10, "binary"),
        ([3, 7] * 10, "binary"),
        ([-1.0, 1.0] * 10, "binary"),
        ([0.0, 1.0, 2.0] * 10, "classes"),
        ([1.0, 2.0, 3.0] * 10, "regression"),
        ([-3.0, -1.0, 1.0, 3.0, 5.0, 7.0], "regression"),
        ([-3, -1, 1, 3, 5, 7], "regression"),
        ([1, 2, 3] * 3, "classes"),
        ([False, True, True], "binary"),
        (["a", "b", "c"], "classes"),
        (["a", "b", "a"], "binary"),
        (list(range(100)) * 20, "classes"),
        (list(range(18, 100)) * 20, "regression"),
        (list(range(30)), "regression"),
        ([[0.5, 1.0], [2.0, 3.0]], "regression"),
        ([[5, 1], [2, 3]], "regression"),
    ],
)
def test_what_labels_look_like(labels, task):
    assert task_of("auto", np.array(labels), "y") == task


@pytest.mark.parametrize(
    ("asked", "labels", "task"),
    [
        ("classes", [0, 1, 0, 1], "classes"),
        ("binary", [5.0, 6.0], "binary"),
        ("regression", [0, 1, 0, 1], "regression"),
        ("classes", list(range(30)), "classes"),
    ],
)
def test_the_spec_has_the_last_word(asked, labels, task):
    assert task_of(asked, np.array(labels), "y") == task


@pytest.mark.parametrize(
    ("asked", "labels", "message"),
    [
        ("binary", [0, 1, 2], r"two classes for task binary, but has 3; use task: classes"),
        ("regression", ["a", "b"], r"must be numeric for regression"),
        ("auto", [[0, 1], [1, 0]], r"one class per row, but has shape \(2, 2\); .*argmax"),
    ],
)
def test_labels_that_do_not_fit_the_task(asked, labels, message):
    with pytest.raises(DataError, match=message):
        task_of(asked, np.array(labels), "y")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([1.0, 2.0, np.nan]), r"label 'y' must be given in every row, but row 2 holds nan"),
        (np.array([1.0, np.inf]), r"row 1 holds inf"),
        (np.array([[1.0, 2.0], [1.0, np.nan]]), r"row 1 holds \[ 1\. nan\]"),
        (pa.array(["a", None]), r"row 1 holds None"),
        (pa.array([1, None]), r"row 1 holds nan"),
        (pa.array([True, None]), r"row 1 holds nan"),
        (np.zeros((2, 2, 2)), r"one value per row, or a row of numbers"),
        (np.array(["2020-01-01"], dtype="datetime64[D]"), r"one value per row"),
        (np.array([b"a", "ö".encode("latin1")]), r"label 'y' must be UTF-8 text, but holds b'\\xf6'"),
    ],
)
def test_labels_that_are_none(labels, message):
    with pytest.raises(DataError, match=message):
        label_values(Table({"y": labels}), "y")


def test_label_columns_of_odd_make():
    assert label_values(Table({"y": np.array([[1], [2]])}), "y").tolist() == [1, 2]
    assert label_values(Table({"y": np.array([b"a", b"b"])}), "y").tolist() == ["a", "b"]
    assert label_values(Table({"y": np.array(["ö".encode(), b"b"])}), "y").tolist() == ["ö", "b"]
    assert label_values(Table({"y": pa.array(["a", "b"]).dictionary_encode()}), "y").tolist() == ["a", "b"]


def test_one_class_teaches_nothing():
    with pytest.raises(DataError, match=r"at least two classes, but every training row holds"):
        classes_of(np.array([3, 3, 3]), "y")


def test_text_where_numbers_were():
    with pytest.raises(DataError, match=r"data\.test: labels .* but \['1'\] does not"):
        encode_labels(np.array(["1"]), "classes", (0, 1), "test")
    with pytest.raises(DataError, match=r"data\.test: labels must be float32 numbers"):
        encode_labels(np.array(["1"]), "regression", (), "test")
    with pytest.raises(DataError, match=r"data\.train: labels must be float32 numbers"):
        encode_labels(np.array([1e300]), "regression", (), "train")


MANY = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]])


@pytest.mark.parametrize("kind", [np.int64, np.float32, np.bool_])
def test_rows_of_zeros_and_ones_are_labels(kind):
    assert task_of("auto", MANY.astype(kind), "y") == "labels"
    assert task_of("regression", MANY.astype(kind), "y") == "regression"
    one_hot = np.eye(3, dtype=kind)
    assert task_of("labels", one_hot, "y") == "labels"
    with pytest.raises(DataError, match="one class per row"):
        task_of("auto", one_hot, "y")


def test_labels_are_encoded_as_they_are():
    y = encode_labels(MANY, "labels", (0, 1, 2), "train")
    assert y.dtype == np.float32 and y.tolist() == MANY.tolist()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0, 1]), r"label 'y' must be a row of 0 and 1 for task labels, but has type int64"),
        (np.array([[0, 1], [0.5, 1]]), r"but holds 0\.5 in row 1, place 0; use task: regression"),
    ],
)
def test_what_is_no_row_of_labels(labels, message):
    with pytest.raises(DataError, match=message):
        task_of("labels", labels, "y")
    with pytest.raises(DataError, match=r"data\.test: the label must be"):
        encode_labels(labels, "labels", (0, 1), "test")


def test_labels_are_named_by_the_fields_of_a_struct():
    rows = [{"sunny": True, "windy": False}, {"sunny": True, "windy": True}]
    table = Table({"y": pa.chunked_array([rows[:1], rows[1:]]), "z": pa.array(MANY.tolist())})
    assert label_values(table, "y").tolist() == [[True, False], [True, True]]
    assert label_names(table, "y", label_values(table, "y")) == ("sunny", "windy")
    assert label_names(table, "z", MANY) == (0, 1, 2)


@pytest.mark.parametrize(
    ("names", "classes", "task", "message"),
    [
        (("a", "b"), (), "regression", "label 'y' is a number to predict"),
        (("a", "b"), ("cat", "dog"), "binary", "label 'y' holds 'cat'; remove it"),
        (
            ("a", "b"),
            (0, 1, 2),
            "classes",
            r"each of the 3 labels of the training rows \(0, 1, 2\), but has 2",
        ),
    ],
)
def test_names_that_do_not_fit_the_labels(
    names: tuple[str, ...], classes: tuple[Label, ...], task: Task, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        check_names(names, classes, task, "y")
    check_names(("a", "b"), (3, 7), "binary", "y")
    check_names(("a", "b"), (0, 1), "labels", "y")
