"""A bundle's answers as one expression of Spark SQL, for the engine `sql`: no Python computes them."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sparktune.bundle import Bundle
from sparktune.bundle.engines.checks import TOLERANCE
from sparktune.bundle.engines.sql import SqlEngine, row_in_sql
from sparktune.bundle.example import read_example
from sparktune.bundle.labels import label_kind
from sparktune.columns.encoders.types import literal
from sparktune.columns.schema import Schema
from sparktune.errors import ScoringError
from sparktune.scoring.executors import classic_context
from sparktune.scoring.rows import table_of
from sparktune.scoring.signature import COMMENT, sql_parameters
from sparktune.scoring.types import Output, answer_names, answer_type

_CHECKED: set[tuple[str, str]] = set()


def is_sql(bundle: Bundle) -> bool:
    """Whether a bundle predicts by the engine `sql`."""
    return bundle.manifest.engine == "sql"


def answer_in_sql(bundle: Bundle, columns: Sequence[str], output: Output) -> str:
    """What the bundle answers to a row, of the type `answer_type`; NULL where an unencoded input is NULL.

    Args:
        bundle: one whose engine is `sql`.
        columns: the features in SQL, in the bundle's order and of the types of `sql_parameters`.
        output: what to answer.

    Raises:
        BundleError: the model or a column has no SQL.
    """
    engine, schema = bundle.engine, bundle.schema
    if not isinstance(engine, SqlEngine):
        raise ScoringError(f"the engine must be sql, but got {bundle.manifest.engine!r}")
    missing = "false" if schema.encoded else " OR ".join(f"{column} IS NULL" for column in columns)
    raw = engine.output(row_in_sql(schema, columns), missing)
    kind = answer_type(schema, output)
    if schema.outputs > 1:
        raw = f"CAST({raw} AS ARRAY<FLOAT>)"
        return f"CAST(transform(array({raw}), p -> {_from_outputs(schema, output, 'p')})[0] AS {kind})"
    raw = f"CAST({raw} AS FLOAT)"
    if output == "both":  # which takes it twice
        return f"CAST(transform(array({raw}), p -> {_from_one_output(schema, output, 'p')})[0] AS {kind})"
    return f"CAST({_from_one_output(schema, output, raw)} AS {kind})"


def function_definition(bundle: Bundle, name: str, output: Output, permanent: bool) -> str:
    """The SQL statement that makes a function of a bundle whose engine is `sql`.

    Raises:
        BundleError: as `answer_in_sql`.
    """
    columns = sql_parameters(bundle.manifest)
    typed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    return (
        f"CREATE OR REPLACE {'' if permanent else 'TEMPORARY '}FUNCTION {name}({typed}) "
        f"RETURNS {answer_type(bundle.schema, output)} COMMENT '{COMMENT} {bundle.manifest.digest}' "
        f"RETURN {answer_in_sql(bundle, list(columns), output)}"
    )


def check_answers(spark: Any, bundle: Bundle) -> None:
    """Compare, once in an application, Spark's answers to the bundle's example rows with those of Python.

    Raises:
        ScoringError: it answers something else, by more than 1e-5; or as `classic_context`.
        BundleError: as `answer_in_sql`.
    """
    example, schema = read_example(bundle.path), bundle.schema
    compared = classic_context(spark).applicationId, bundle.manifest.digest
    if example is None or compared in _CHECKED:  # None in a bundle of an earlier version
        return
    rows = [dict(zip(example[0], row, strict=True)) for row in example[1]]
    expected = bundle.predict(bundle.rows(table_of(rows, schema, "the bundle's example").columns))
    columns = sql_parameters(bundle.manifest)
    answer = answer_in_sql(bundle, list(columns), "raw")
    kinds = [(feature.name, kind) for feature, kind in zip(schema.features, columns.values(), strict=True)]
    values = ", ".join(f"({', '.join(_typed(row[name], kind) for name, kind in kinds)})" for row in rows)
    query = f"SELECT {answer} AS raw FROM VALUES {values} AS example({', '.join(columns)})"
    found = np.array([np.ravel(row.raw) for row in spark.sql(query).collect()], np.float64)
    largest = np.abs(expected).max(axis=0) if schema.task == "regression" else 1
    if not np.isclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE * largest, equal_nan=True).all():
        raise ScoringError(
            f"Spark SQL must answer what Python does, but answers {found.tolist()} instead of "
            f"{expected.tolist()} to the bundle's example; use the engine numpy, and report this"
        )
    _CHECKED.add(compared)


def _typed(value: Any, kind: str) -> str:
    """A value of JSON as SQL, of a parameter's type; whole numbers may be there as floats."""
    if kind == "BIGINT" and isinstance(value, float):
        value = None if math.isnan(value) else int(value)
    given = "NULL" if value is None else literal(str(value))
    return f"CAST({given} AS {kind})"


def _from_one_output(schema: Schema, output: Output, p: str) -> str:
    """The answer of a model with one output, `p`; NaN has no label."""
    if output == "both":
        return _struct(schema, lambda name: _from_one_output(schema, name, p))
    if output == "prediction" and schema.task == "binary":
        return f"element_at({_labels(schema)}, 1 + CAST(nanvl({p}, NULL) > 0.5D AS INT))"
    if output == "prediction" and schema.task == "labels":
        return f"IF({p} IS NULL OR isnan({p}), NULL, IF({p} > 0.5D, {_labels(schema)}, array()))"
    return p


def _from_outputs(schema: Schema, output: Output, p: str) -> str:
    """The answer of a model with several outputs, the array `p`; a row with NaN has no label."""
    if output == "both":
        return _struct(schema, lambda name: _from_outputs(schema, name, p))
    answer = p
    if output == "prediction" and schema.task == "labels":
        answer = f"IF(isnan(array_max({p})), NULL, filter({_labels(schema)}, (label, i) -> {p}[i] > 0.5D))"
    elif output == "prediction" and schema.task == "classes":
        place = f"CAST(array_position({p}, array_max({p})) AS INT)"
        answer = f"IF(isnan(array_max({p})), NULL, element_at({_labels(schema)}, {place}))"
    return f"IF({p}[0] IS NULL, NULL, {answer})"


def _struct(schema: Schema, answer: Callable[[Output], str]) -> str:
    parts = (
        f"'{name}', CAST({answer(name)} AS {answer_type(schema, name)})" for name in answer_names(schema)
    )
    return f"named_struct({', '.join(parts)})"


def _labels(schema: Schema) -> str:
    """The label map as an array of its one type."""
    kind = label_kind(schema)
    labels = [str(label) if kind == "string" else label for label in schema.label_map]
    return f"CAST(array({', '.join(map(literal, labels))}) AS ARRAY<{kind}>)"
