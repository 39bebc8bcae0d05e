import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from sparktune.data.splits import split_rows
from sparktune.data.table import Table
from sparktune.errors import DataError
from sparktune.spec import DataSpec, SplitSpec

FRACTION = st.floats(0.01, 0.45).map(lambda f: SplitSpec(fraction=f))
LAST = st.integers(1, 8).map(lambda n: SplitSpec(last=n))
SPLIT = FRACTION | LAST | st.sampled_from(["a", "b"]).map(lambda v: SplitSpec(column="part", value=v))


def table(rows, **columns):
    return Table({"x": np.arange(rows), **columns})


def splits(data, rows, classes=None, seed=0, **columns):
    return {
        k: v.tolist() for k, v in split_rows(DataSpec(**data), table(rows, **columns), classes, seed).items()
    }


@settings(max_examples=60)
@example([13, 15, 19, 19], 0.78125, 0)
@given(st.lists(st.integers(2, 30), min_size=1, max_size=6), st.floats(0.01, 0.99), st.integers(0, 2**40))
def test_the_rows_that_scikit_learn_draws_unless_training_loses_a_class(sizes, share, seed):
    classes = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    count = min(max(round(share * len(classes)), len(sizes)), len(classes) - len(sizes))
    table, data = Table({"a": classes}), DataSpec(validation=SplitSpec(fraction=count / len(classes)))
    for strata in (classes, None):
        places = split_rows(data, table, strata, seed)
        expected = train_test_split(
            np.arange(len(classes)), test_size=count, random_state=seed % 2**32, stratify=strata
        )
        if strata is None or set(classes[expected[0]]) == set(classes):
            assert places["train"].tolist() == sorted(expected[0])
            assert places["validation"].tolist() == sorted(expected[1])
        else:
            assert set(classes[places["train"]]) == set(classes)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.integers(1, 60),
    validation=SPLIT,
    test=SPLIT | st.none(),
    kinds=st.integers(1, 8) | st.none(),
    seed=st.integers(0, 2**40),
    data=st.data(),
)
def test_no_row_is_lost_and_none_stands_twice(rows, validation, test, kinds, seed, data):
    part = np.array(data.draw(st.lists(st.sampled_from("abc"), min_size=rows, max_size=rows)))
    classes = None if kinds is None else np.arange(rows) * 7919 % 31 % kinds
    spec = {"validation": validation, "test": test}
    try:
        places = splits(spec, rows, classes, seed, part=part)
    except DataError:
        return
    assert sorted(row for split in places.values() for row in split) == list(range(rows))
    assert all(places.values()) and all(split == sorted(split) for split in places.values())
    assert set(places) == {"train", "validation"} | ({"test"} if test else set())
    assert places == splits(spec, rows, classes, seed, part=part)
    for name, split in (("validation", validation), ("test", test)):
        if split is not None and split.last is not None:
            assert len(places[name]) == split.last
        if split is not None and split.fraction is not None:
            assert len(places[name]) == max(1, round(split.fraction * rows))


def test_the_seed_decides_a_fraction():
    data = {"validation": SplitSpec(fraction=0.3)}
    drawn = [tuple(splits(data, 100, seed=seed)["validation"]) for seed in range(4)]
    assert len(set(drawn)) == 4


@settings(max_examples=50, deadline=None)
@given(counts=st.lists(st.integers(10, 40), min_size=2, max_size=5), seed=st.integers(0, 1000))
def test_fractions_are_stratified(counts, seed):
    classes = np.repeat(np.arange(len(counts)), counts)
    places = splits({"validation": SplitSpec(fraction=0.25)}, len(classes), classes, seed)
    drawn = np.bincount(classes[places["validation"]], minlength=len(counts))
    assert all(abs(found - 0.25 * count) <= 1 for found, count in zip(drawn, counts, strict=True))


@pytest.mark.parametrize("seed", range(10))
def test_rare_classes_stay_in_training(seed):
    classes = np.array([0] * 20 + [1] * 20 + [2])
    places = splits({"validation": SplitSpec(fraction=0.4)}, 41, classes, seed)
    assert 40 in places["train"]
    many = splits({"validation": SplitSpec(fraction=0.1)}, 40, np.arange(40) // 2, seed)
    assert set(np.arange(40)[many["train"]] // 2) == set(range(20))


@pytest.mark.parametrize("seed", range(6))
def test_no_class_is_lost_where_there_are_just_enough_rows(seed):
    classes = np.array(["a", "b", "b"])
    assert 0 in splits({"validation": SplitSpec(fraction=0.3)}, 3, classes, seed)["train"]
    classes = np.array([0] * 91 + [1] * 3 + [2] * 3 + [3] * 3)
    both = {"validation": SplitSpec(fraction=0.4), "test": SplitSpec(fraction=0.4)}
    places = splits(both, 100, classes, seed)
    assert set(classes[places["train"]]) == {0, 1, 2, 3}
    assert [len(rows) for rows in places.values()] == [20, 40, 40]


def test_a_draw_that_kept_all_classes_stays_as_it_is():
    data, classes = {"validation": SplitSpec(fraction=0.3)}, np.array(list("abb"))
    assert [splits(data, 3, classes, seed)["validation"] for seed in (0, 2, 3, 4)] == [[2], [2], [1], [1]]


def test_the_last_rows_are_the_test_then_come_the_validation_rows():
    data = {"validation": SplitSpec(last=2), "test": SplitSpec(last=3)}
    assert splits(data, 10) == {"train": [0, 1, 2, 3, 4], "validation": [5, 6], "test": [7, 8, 9]}


@pytest.mark.parametrize(("field", "share"), [("last", 0.0001), ("fraction", 0.0001), ("last", 0.2)])
def test_a_share_of_less_than_a_row_is_a_row_and_said(caplog, field, share):
    places = splits({"validation": SplitSpec(**{field: share})}, 10)
    said = [record.getMessage() for record in caplog.records]
    if share > 0.1:
        assert (len(places["validation"]), said) == (2, [])
    else:
        assert (len(places["validation"]), len(places["train"])) == (1, 9)
        assert said == [f"data.validation.{field} 0.0001 is less than a row of 10: the split has 1 row"]


def test_columns_come_first_then_last_then_fractions():
    part = np.array(["", "", "exam", "", "", "", "", "", "", ""])
    data = {"validation": SplitSpec(last=2), "test": SplitSpec(column="part", value="exam")}
    assert splits(data, 10, part=part)["validation"] == [8, 9]
    data = {"validation": SplitSpec(fraction=0.5), "test": SplitSpec(last=2)}
    places = splits(data, 10)
    assert places["test"] == [8, 9] and len(places["validation"]) == 5 and len(places["train"]) == 3


@pytest.mark.parametrize(
    ("values", "value", "found"),
    [
        (np.array(["train", "validation", "train"]), None, [1]),
        (np.array([False, True, True]), None, [1, 2]),
        (np.array([0, 1, 2]), 2, [2]),
        (np.array(["train", None, "valid"], dtype=object), "valid", [2]),
        (np.array([True, False, True]), False, [1]),
    ],
)
def test_a_split_column(values, value, found):
    data = {"validation": SplitSpec(column="part", value=value)}
    assert splits(data, 3, part=values)["validation"] == found


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {"validation": SplitSpec(last=10)},
            r"data\.validation, last: 10, must leave rows to train on, but takes all of 10",
        ),
        ({"validation": SplitSpec(last=11)}, r"last: 11, must leave rows"),
        ({"validation": SplitSpec(fraction=0.99)}, r"fraction: 0\.99, must leave rows"),
        ({"validation": SplitSpec(last=5), "test": SplitSpec(last=5)}, r"data\.validation, last: 5,"),
        ({"validation": SplitSpec(column="part", value="z")}, r"nowhere holds 'z'; it holds \['a', 'b'\]"),
        (
            {"validation": SplitSpec(column="prat")},
            r"split column 'prat' is not there; did you mean 'part'\?",
        ),
        (
            {
                "validation": SplitSpec(column="part", value="a"),
                "test": SplitSpec(column="part", value="a"),
            },
            r"must not share rows, but both hold row 0",
        ),
        (
            {
                "validation": SplitSpec(column="part", value="a"),
                "test": SplitSpec(column="part", value="b"),
            },
            r"data\.test and data\.validation must leave rows to train on, but takes all of 10",
        ),
    ],
)
def test_a_split_that_leaves_no_rows(data, message):
    with pytest.raises(DataError, match=message):
        splits(data, 10, part=np.array(["a", "b"] * 5))


def test_one_row_is_too_few():
    with pytest.raises(DataError, match=r"takes all of 1; give at least two rows"):
        splits({}, 1)
