"""Rows of the training data in a bundle, by column and in each column's own type."""

from pathlib import Path

import numpy as np

from sparktune.bundle.example import example_inputs, read_example, write_example
from sparktune.columns.schema import Feature, Schema
from tests.bundle.models import REGRESSION


def test_rows_are_split_into_columns(tmp_path: Path) -> None:
    x = np.array([[1, 0.1, 0.2, 0.3], [2, 4, 5, 6], [3, 7, 8, 9], [4, 0, 0, 0]], "f4")
    write_example(tmp_path, REGRESSION, x)
    names, rows = read_example(tmp_path) or ([], [])
    assert names == ["a", "b"]
    assert rows == [[1, [0.1, 0.2, 0.3]], [2, [4.0, 5.0, 6.0]], [3, [7.0, 8.0, 9.0]]]
    assert isinstance(rows[0][0], int)


def test_rows_become_inputs_again(tmp_path: Path) -> None:
    x = np.array([[1, 0.1, 0.2, 0.3], [2, 4, 5, 6]], "f4")
    write_example(tmp_path, REGRESSION, x)
    np.testing.assert_array_equal(example_inputs(tmp_path, REGRESSION), x)
    assert example_inputs(tmp_path / "none", REGRESSION) is None


def test_few_rows_of_wide_ones_and_none_of_the_widest(tmp_path: Path) -> None:
    for width, count in [(15_000, 1), (30_000, None)]:
        folder = tmp_path / str(width)
        folder.mkdir()
        feature = Feature(name="pixels", dtype="uint8", shape=(width,))
        schema = Schema(features=(feature,), input_shape=(width,), task="regression", outputs=1)
        write_example(folder, schema, np.zeros((5, width), "u1"))
        found = read_example(folder)
        assert (len(found[1]) if found else None) == count


def test_a_bundle_of_an_earlier_version_has_none(tmp_path: Path) -> None:
    assert read_example(tmp_path) is None
