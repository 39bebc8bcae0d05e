"""Some rows of the training data in a bundle, which show its users what it takes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sparktune.columns.schema import Feature, Schema

FILE = "example.json"
MOST_ROWS = 3
MOST_NUMBERS = 20_000
Example = np.ndarray | Sequence[Sequence[Any]]


def write_example(folder: Path, schema: Schema, x: Example) -> None:
    """Write the first rows of raw inputs x (rows, *input_shape) into a bundle's folder, by column.

    Three rows, fewer where they are wide; nothing where one row has more than 20,000 numbers. Of encoded
    columns x has rows of raw values; their numbers say nothing to users.
    """
    names = [feature.name for feature in schema.features]
    if not isinstance(x, np.ndarray):
        _write(folder, names, [list(row) for row in x])
        return
    if schema.encoded:
        return
    width = sum(feature.width for feature in schema.features)
    rows = x[: min(MOST_ROWS, MOST_NUMBERS // width)].reshape(-1, width)
    if not len(rows):
        return
    ends = np.cumsum([feature.width for feature in schema.features])[:-1]
    columns = [
        _values(feature, numbers)
        for feature, numbers in zip(schema.features, np.split(rows, ends, axis=1), strict=True)
    ]
    _write(folder, names, [list(row) for row in zip(*columns, strict=True)])


def _write(folder: Path, names: list[str], rows: list[list[Any]]) -> None:
    (folder / FILE).write_text(json.dumps({"columns": names, "data": rows}), encoding="utf-8")


def read_example(folder: Path) -> tuple[list[str], list[list[Any]]] | None:
    """The names of the columns and the rows, as JSON values; None in a bundle of an earlier version."""
    if not (folder / FILE).exists():
        return None
    content = json.loads((folder / FILE).read_text(encoding="utf-8"))
    return content["columns"], content["data"]


def example_inputs(folder: Path, schema: Schema) -> np.ndarray | None:
    """The rows as raw inputs, float32 (rows, *input_shape); None without any, and for encoded columns."""
    found = read_example(folder)
    if found is None or schema.encoded:
        return None
    rows = [np.concatenate([np.ravel(value) for value in row]) for row in found[1]]
    return np.array(rows, np.float32).reshape(-1, *schema.input_shape)


def _values(feature: Feature, numbers: np.ndarray) -> list[Any]:
    """A feature's value in each row: numbers (rows, width) in its own type and shape."""
    typed = np.asarray(numbers, feature.dtype)
    if typed.dtype.kind == "f":  # the shortest text of a float32 that is read as the same one
        typed = typed.astype(str).astype(np.float64)
    values: list[Any] = typed.reshape(len(typed), *feature.shape).tolist()
    return values
