import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sparktune.errors import DataError

X, Y = np.arange(40.0).reshape(20, 2), np.arange(20) % 2
IMAGES = np.arange(80, dtype=np.uint8).reshape(20, 2, 2)


@pytest.mark.parametrize(
    "given",
    [
        (X, Y),
        [X, Y],
        (X.tolist(), Y.tolist()),
        (list(X), list(Y)),
        (pd.DataFrame(X, columns=["a", "b"]), pd.Series(Y)),
        (np.ma.masked_array(X, False), Y),
        (pa.table({"a": X[:, 0], "b": X[:, 1]}), pa.array(Y)),
        {"a": X[:, 0], "b": X[:, 1].tolist(), "label": Y},
        {"v": X, "y": pd.Series(Y)},
        {"a": pa.array(X[:, 0]), "b": X[:, 1].astype(object), "y": Y},
        pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": Y}, index=np.arange(100, 120)),
        pd.DataFrame({"v": list(X), "y": Y}),
        pd.DataFrame({0: X[:, 0], 1: X[:, 1], "y": pd.Categorical(Y)}),
        pa.table({"a": X[:, 0], "b": X[:, 1], "y": Y}),
        pa.record_batch({"v": X.tolist(), "y": Y.tolist()}),
    ],
    ids=lambda given: type(given).__name__,
)
def test_every_kind_of_data(load, given):
    data = load(given, validation={"last": 4})
    np.testing.assert_array_equal(data.train.x, X[:16])
    np.testing.assert_array_equal(data.train.y, Y[:16])
    assert data.train.x.dtype == np.float32 and data.schema.task == "binary"


def test_images_keep_shape_and_dtype(load):
    for given in ((IMAGES, Y), (list(IMAGES), Y), {"image": IMAGES, "label": Y}):
        data = load(given, validation={"last": 4})
        assert data.train.x.dtype == np.uint8
        np.testing.assert_array_equal(data.train.x, IMAGES[:16])
    nested = pd.DataFrame({"image": list(IMAGES), "label": Y})
    np.testing.assert_array_equal(load(nested, validation={"last": 4}).train.x, IMAGES[:16])


def test_names_of_a_tuple(load):
    assert load((X, Y)).schema.features[0].name == "features" and load((X, Y)).schema.label == "label"
    named = load((X, Y), features=["sensors"], label="fault").schema
    assert named.features[0].name == "sensors" and named.label == "fault"


def test_what_was_handed_over_is_not_changed(load):
    x, y = X.copy(), Y.copy()
    load((x, y), scale="minmax")
    assert np.array_equal(x, X) and np.array_equal(y, Y)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("data.csv", r"data must be \(x, y\), .* but got str"),
        (X, r"but got ndarray"),
        ((X,), r"but got tuple"),
        ((X, Y[:19]), r"same number of rows, but features has 20, label has 19"),
        ((X, Y, Y[:3]), r"weight has 3"),
        ((X, 3), r"label must be an array or a list, but got int"),
        ((np.array(3), Y), r"x must have one value per row, but got the single value 3"),
        (([[1, 2], [3]], [0, 1]), r"'features' is ragged"),
        (([[1, 2], "x"], [0, 1]), r"column 'x' must hold values of one kind"),
        (([1, "x"], [0, 1]), r"must hold values of one kind"),
        (
            pd.DataFrame({"a": ["u", "\udce4"], "y": [0, 1]}),
            r"column 'a' must hold values of one kind.*utf-8",
        ),
        ({"a": np.array(["u", "\udce4"]), "y": [0, 1]}, r"feature 'a' must hold .* text in UTF-8: 'utf"),
        (([], []), r"must hold rows, but it is empty"),
        ({}, r"must hold rows, but it is empty"),
        ((np.ma.masked_equal(X, 3.0), Y), r"x must have a value in every row, but is masked in row 1; fill"),
        ((X, np.ma.masked_array(Y, Y == 1)), r"label must have a value .* masked in row 1"),
        ({"a": np.ma.masked_array(X[:, 0], [True] * 20), "y": Y}, r"a must .* masked in row 0"),
        ({"x": X[:, 0]}, r"data\.label is needed where no column is called label or y; columns: \['x'\]"),
        ((X, pd.Series(["a"] * 19 + [np.nan], dtype=object)), r"label 'label' .* row 19 holds None"),
        (({"a": [[1, 2], [1, None]] * 10, "y": Y}), r"column 'a' has no value in row 1, or a NULL"),
        ({"y": Y}, r"data must hold feature columns, but got only \['y'\]"),
        ((pd.DataFrame([[1, 2]] * 20, columns=["a", "a"]), Y), r"'a' stands twice"),
        ((pd.DataFrame({"label": Y}), Y), r"'label' stands twice"),
        ((np.array([object()] * 20), Y), r"must hold values of one kind"),
        ((pd.DataFrame({"t": pd.timedelta_range("1h", periods=20)}), Y), r"its type is duration"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_data_that_cannot_be_used(load, given, message):
    with pytest.raises(DataError, match=message):
        load(given)
