"""A bundle's function with a typed parameter for each column, which Spark checks when it analyses a query."""

from sparktune.bundle.manifest import Manifest, input_names
from sparktune.columns.schema import Schema
from sparktune.scoring.types import Output, answer_type

COMMENT = "sparktune bundle"  # which all functions with typed parameters have, and the bundle's digest


def is_table(schema: Schema) -> bool:
    """Whether every feature is a column of single numbers, so that each can be a typed parameter."""
    return all(not feature.shape for feature in schema.features)


def definition(manifest: Manifest, name: str, implementation: str, output: Output) -> str:
    """The SQL statement that makes `name` a function of the bundle's columns, by position or by name.

    `implementation` is the Python function of the same columns. Spark may evaluate a filter on an alias below
    the projection that computes the alias, and then computes it once more for the rows that are left, unless
    the expression counts as costly. Spark 4.3 counts regular expressions as costly, but not Python functions:
    hence the one below, which nothing matches, and which runs for rows without an answer alone.
    """
    columns = sql_parameters(manifest)
    kind = answer_type(manifest.columns, output)
    first = next(iter(columns))
    never = f"IF(CAST({first} AS STRING) RLIKE '(?!)', {_some(manifest.columns, output)}, NULL)"
    typed = ", ".join(f"{column} {number}" for column, number in columns.items())
    return (
        f"CREATE OR REPLACE TEMPORARY FUNCTION {name}({typed}) RETURNS {kind} "
        f"COMMENT '{COMMENT} {manifest.digest}' "
        f"RETURN coalesce({implementation}({', '.join(columns)}), {never})"
    )


def sql_parameters(manifest: Manifest) -> dict[str, str]:
    """Each column's name, quoted, and the SQL type of the model's input; of an encoded column its encoder's.

    Columns whose names differ in case alone, which SQL cannot tell apart, are named as in the SavedModel.
    """
    features = manifest.columns.features
    names = [feature.name for feature in features]
    if len({name.lower() for name in names}) < len(names):
        names = list(input_names(manifest.columns).values())
    dtype = manifest.tensor.dtype
    number = {"float32": "FLOAT", "float16": "FLOAT", "bfloat16": "FLOAT", "float64": "DOUBLE"}.get(dtype)
    plain = number or "BIGINT"
    kinds = [feature.encoder.parameter_type.upper() if feature.encoder else plain for feature in features]
    return {quoted(name): kind for name, kind in zip(names, kinds, strict=True)}


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever its letters."""
    return "`" + name.replace("`", "``") + "`"


def _some(schema: Schema, output: Output) -> str:
    """Any value of the answer's type that is not NULL."""
    kind = answer_type(schema, output)
    if output == "both":
        fields = kind.removeprefix("struct<").removesuffix(">").split(", ")
        parts = [field.split(": ") for field in fields]
        return f"named_struct({', '.join(f'{name!r}, CAST(NULL AS {of})' for name, of in parts)})"
    empty = {"string": "''", "boolean": "false"}.get(kind, "array()" if kind.startswith("array") else "0")
    return f"CAST({empty} AS {kind})"
