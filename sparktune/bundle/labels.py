"""Raw outputs become labels."""

from typing import Literal

import numpy as np

from sparktune.columns.schema import Label, Schema

LabelKind = Literal["boolean", "bigint", "double", "string"]


def indices(schema: Schema, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The class index of each row, (rows,), and which rows have one: not those whose outputs are NaN.

    Binary outputs above 0.5 are class 1; otherwise the largest output decides.
    """
    known = ~np.isnan(raw).any(axis=1)
    index = raw[:, 0] > 0.5 if schema.task == "binary" else raw.argmax(axis=1)
    return index.astype(np.int64), known


def labels(schema: Schema, raw: np.ndarray) -> list[Label | None] | list[float] | list[list[float]]:
    """The label of each row; for regression the value, or the values where there are several."""
    if schema.task == "regression":
        values: list[float] = (raw[:, 0] if schema.outputs == 1 else raw).astype(np.float64).tolist()
        return values
    index, known = indices(schema, raw)
    return [schema.classes[i] if ok else None for i, ok in zip(index, known, strict=True)]


def label_kind(schema: Schema) -> LabelKind:
    """The SQL type that holds every class label; labels of mixed kinds become strings."""
    kinds = {type(label) for label in schema.classes}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "bigint"
    return "double" if kinds and kinds <= {int, float} else "string"
