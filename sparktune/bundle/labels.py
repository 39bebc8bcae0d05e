"""Raw outputs become labels."""

from typing import Any, Literal

import numpy as np

from sparktune.columns.schema import Schema

LabelKind = Literal["boolean", "bigint", "double", "string"]


def indices(schema: Schema, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The class index of each row, (rows,), and which rows have one: not those whose outputs are NaN.

    Binary outputs above 0.5 are class 1; otherwise the largest output decides.
    """
    known = ~np.isnan(raw).any(axis=1)
    index = raw[:, 0] > 0.5 if schema.task == "binary" else raw.argmax(axis=1)
    return index.astype(np.int64), known


def present(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which labels of task labels each row has, (rows, outputs) bool, and which rows have no NaN, (rows,)."""
    return raw > 0.5, ~np.isnan(raw).any(axis=1)


def labels(schema: Schema, raw: np.ndarray) -> list[Any]:
    """The label of each row; the list of its labels for task labels; for regression the value or values.

    A row whose outputs are NaN has None for a label.
    """
    if schema.task == "regression":
        values: list[float] = (raw[:, 0] if schema.outputs == 1 else raw).astype(np.float64).tolist()
        return values
    if schema.task == "labels":
        has, known = present(raw)
        return [
            [name for name, given in zip(schema.label_map, row, strict=True) if given] if ok else None
            for row, ok in zip(has, known, strict=True)
        ]
    index, known = indices(schema, raw)
    return [schema.label_map[i] if ok else None for i, ok in zip(index, known, strict=True)]


def label_kind(schema: Schema) -> LabelKind:
    """The SQL type that holds every class label; labels of mixed kinds become strings."""
    kinds = {type(label) for label in schema.label_map}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "bigint"
    return "double" if kinds and kinds <= {int, float} else "string"
