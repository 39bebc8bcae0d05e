"""The SQL types of columns and answers."""

from typing import Any, Literal

from sparktune.bundle.labels import label_kind
from sparktune.columns.names import find
from sparktune.columns.schema import Feature, Schema
from sparktune.errors import ScoringError

Output = Literal["raw", "label", "both"]
NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double", "boolean")


def answer_type(schema: Schema, output: Output) -> str:
    """The SQL type of what a model answers.

    `raw` is a float, or an array of floats where there are several outputs; `label` the decoded label, or
    the value as double; `both` a struct of `prediction` and, for classes, `probability`.
    Of task `labels` the label is an array of the names of the labels that a row has.
    """
    several = schema.outputs > 1
    if output == "raw":
        return "array<float>" if several else "float"
    if schema.task == "regression":
        label = "array<double>" if several else "double"
        return label if output == "label" else f"struct<prediction: {label}>"
    label = label_kind(schema)
    if schema.task == "labels":
        label = f"array<{label}>"
    probability = "double" if schema.task == "binary" else "array<float>"
    return label if output == "label" else f"struct<prediction: {label}, probability: {probability}>"


def check_columns(schema: Schema, columns: dict[str, Any], case_sensitive: bool) -> list[str]:
    """The table's names of the feature columns, in the bundle's order; `columns` maps a name to its type.

    Raises:
        ScoringError: a feature column is missing or cannot hold the feature's numbers.
    """
    names = [_own_name(f.name, columns, case_sensitive) for f in schema.features]
    for feature, name in zip(schema.features, names, strict=True):
        _check_type(feature, columns[name])
    return names


def _own_name(name: str, columns: dict[str, Any], case_sensitive: bool) -> str:
    alike = [] if case_sensitive else [column for column in columns if column.lower() == name.lower()]
    return alike[0] if alike and name not in columns else find(name, columns)


def _check_type(feature: Feature, kind: Any) -> None:
    got = kind.simpleString()
    if feature.shape:
        if not (got in ("binary", "vector") or (got.startswith("array<") and _numeric(_element(got)))):
            raise ScoringError(
                f"feature column {feature.name!r} must hold arrays of {feature.width} numbers "
                f"(array, vector or binary float32), but got {got}; cast it"
            )
    elif not _numeric(got):
        raise ScoringError(f"feature column {feature.name!r} must hold numbers, but got {got}; cast it")


def _element(kind: str) -> str:
    while kind.startswith("array<"):
        kind = kind.removeprefix("array<").removesuffix(">")
    return kind


def _numeric(kind: str) -> bool:
    return kind in NUMBERS or kind.startswith("decimal")
