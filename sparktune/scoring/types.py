"""The SQL types of columns and answers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from sparktune.bundle.labels import label_kind
from sparktune.columns.names import find
from sparktune.columns.schema import Feature, Schema
from sparktune.errors import ScoringError

Output = Literal["prediction", "probability", "both", "raw"]
OUTPUTS = ("prediction", "probability", "both", "raw")
MOMENTS = ("date", "timestamp", "timestamp_ntz")
COMPLEX = ("array", "struct", "map", "binary", "vector", "variant")
NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double", "boolean")


def checked_output(schema: Schema, output: str) -> Output:
    """What a function is asked to answer; `label` is another name for `prediction`.

    Raises:
        ScoringError: there is no such output, or this task has none.
    """
    if output == "label":
        return "prediction"
    if output not in OUTPUTS:
        raise ScoringError(f"output must be {', '.join(OUTPUTS[:-1])} or {OUTPUTS[-1]}, but got {output!r}")
    if output == "probability" and schema.task == "regression":
        raise ScoringError("a regression has no probability; ask for output='prediction' or 'raw'")
    return output  # type: ignore[return-value]  # one of OUTPUTS


def answer_type(schema: Schema, output: Output) -> str:
    """The SQL type of what a model answers.

    `prediction` is the decoded label, or the value as double; `probability` that of the second class as
    double for binary labels, else of every class as array<float>; `both` a struct of these two, of the
    prediction alone for regression; `raw` a float, or an array of floats where there are several outputs.
    Of task `labels` the prediction is an array of the labels that a row has.
    """
    several = schema.outputs > 1
    if output == "probability" and schema.task == "binary":
        return "double"
    if output in ("raw", "probability"):
        return "array<float>" if several else "float"
    if output == "both":
        fields = [f"{name}: {answer_type(schema, name)}" for name in answer_names(schema)]
        return f"struct<{', '.join(fields)}>"
    if schema.task == "regression":
        return "array<double>" if several else "double"
    label = label_kind(schema)
    return f"array<{label}>" if schema.task == "labels" else label


def answer_names(schema: Schema) -> list[Literal["prediction", "probability"]]:
    """The columns that scoring a table adds."""
    return ["prediction"] if schema.task == "regression" else ["prediction", "probability"]


def check_columns(schema: Schema, columns: Mapping[str, str], case_sensitive: bool) -> list[str]:
    """The table's names of the feature columns, in the bundle's order.

    Args:
        schema: the bundle's columns.
        columns: the table's columns: of each name the type, as Spark SQL writes it.
        case_sensitive: whether names that differ in case alone are two.

    Raises:
        ScoringError: a feature column is missing or cannot hold the feature's numbers.
    """
    names = own_names(schema, columns, case_sensitive)
    for feature, name in zip(schema.features, names, strict=True):
        _check_type(feature, columns[name])
    return names


def check_kept(schema: Schema, kept: Sequence[str]) -> None:
    """Refuse columns to write that stand twice, or have the name of an answer beside them.

    Raises:
        ScoringError: one of them does.
    """
    for name in kept:
        if kept.count(name) > 1:
            raise ScoringError(f"the columns to keep must differ, but {name!r} stands twice; remove one")
    answers = answer_names(schema)
    clash = [name for name in kept if name.lower() in answers]
    if clash:
        raise ScoringError(
            f"the output adds the columns {', '.join(answers)}, but the input has {clash[0]!r} too; "
            "name the columns to keep without it, or rename it"
        )


def own_names(schema: Schema, columns: Iterable[str], case_sensitive: bool) -> list[str]:
    """The table's names of the feature columns, in the bundle's order.

    Raises:
        ScoringError: a feature column is missing.
    """
    return [_name_in_table(feature.name, list(columns), case_sensitive) for feature in schema.features]


def in_order(named: Mapping[str, Any], features: Sequence[str]) -> list[Any]:
    """The arguments that are given by name, in the order of `features`: those without one by position.

    Raises:
        ScoringError: a feature has none, or one names no feature.
    """
    if named and named.keys() != set(features):
        raise ScoringError(
            "arguments by name must be those features that have none by position "
            f"({', '.join(features)}), but got {', '.join(named)}"
        )
    return [named[name] for name in features if name in named]


def _name_in_table(name: str, columns: list[str], case_sensitive: bool) -> str:
    alike = [] if case_sensitive else [column for column in columns if column.lower() == name.lower()]
    return alike[0] if alike and name not in columns else find(name, columns)


def _check_type(feature: Feature, got: str) -> None:
    if feature.encoder is not None and not feature.shape:
        _check_raw_type(feature, got)
    elif feature.shape:
        element = got.replace("array<", "").rstrip(">")
        if not (got in ("binary", "vector") or (got.startswith("array<") and _numeric(element))):
            raise ScoringError(
                f"feature column {feature.name!r} must hold arrays of {feature.width} numbers "
                f"(array, vector or binary float32), but got {got}; cast it"
            )
    elif not _numeric(got):
        raise ScoringError(f"feature column {feature.name!r} must hold numbers, but got {got}; cast it")


def _check_raw_type(feature: Feature, got: str) -> None:
    """Refuse a type that the encoder of a column cannot read; NULL alone has no type, and is read by all."""
    wanted = feature.dtype.partition("(")[0]
    held = "string" if got.startswith(("char(", "varchar(", "string collate ")) else got
    allowed = {"string": ("string",), "boolean": ("boolean",), **dict.fromkeys(MOMENTS, (*MOMENTS, "string"))}
    if held == "void" or (held in allowed[wanted] if wanted in allowed else _numeric(held)):
        return
    raise ScoringError(
        f"feature column {feature.name!r} must hold {feature.dtype}, as in training, but got {got}; cast it"
    )


def _numeric(kind: str) -> bool:
    return kind in NUMBERS or kind.startswith("decimal")


def is_complex(kind: str) -> bool:
    """Whether a type of Spark SQL holds more than single values."""
    return kind.partition("<")[0] in COMPLEX
