"""A bundle as a SQL function."""

import re
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from sparktune.bundle import Bundle, load_bundle
from sparktune.bundle.payload import to_payload
from sparktune.errors import ScoringError
from sparktune.scoring.types import Output, answer_type
from sparktune.scoring.worker import predict_columns

KEYWORDS = re.compile(
    "all|alter|by|create|cross|delete|distinct|drop|else|end|except|false|for|from|full|group|having|inner|"
    "insert|intersect|interval|into|is|join|lateral|limit|natural|null|offset|on|order|outer|select|set|"
    "stream|table|then|true|union|unique|update|using|values|where|window|with",
    re.IGNORECASE,
)
OURS = "sparktune.function."
# Where it is on, Spark 4.3 refuses the ML vectors of a Parquet file as the argument of any Python function.
COLUMNAR_INPUT = "spark.sql.execution.arrow.pythonUDF.columnarInput.enabled"


def register(
    spark: Any, model: str | Path | Bundle, name: str, output: Literal["raw", "label"] = "raw"
) -> Any:
    """Make a bundle a function of Spark SQL: `SELECT id, predict(features) FROM t`.

    The function takes the bundle's columns in their order, or one struct with their names, or all numbers
    in one array. It answers the raw output as float (an array of floats where there are several), or with
    output="label" the decoded label; NULL where an input is NULL. Filter and aggregate on an alias, which
    scores each row once: `SELECT * FROM (SELECT id, predict(features) AS p FROM t) WHERE p > 0.5`.

    Args:
        spark: The Spark session.
        model: The bundle, its folder, or an MLflow URI such as `models:/name@champion`.
        name: The function's name.
        output: "raw" or "label".

    Returns:
        The function, for use with columns: `frame.select(predict("features"))`.

    Raises:
        ScoringError: the name is no identifier, or is taken by another function; the output is unknown.
        BundleError: the model is no bundle, or was changed after the export.
    """
    if output not in ("raw", "label"):
        raise ScoringError(f"output must be raw or label, but got {output!r}")
    _check_name(spark, name)
    bundle = model if isinstance(model, Bundle) else load_bundle(model)
    function = predict_function(bundle, output, name)
    spark.conf.set(COLUMNAR_INPUT, "false")
    registered = spark.udf.register(name, function)
    spark.conf.set(_key(name), bundle.manifest.digest)
    return registered


def predict_function(bundle: Bundle, output: Output, name: str = "predict") -> Any:
    """A bundle as a function of columns, not registered.

    The model travels inside the function, so executors need neither MLflow nor a shared disk. Spark must not
    predict_columns it twice: it is declared nondeterministic.
    """
    from pyspark.sql.functions import arrow_udf

    payload = to_payload(bundle)

    def run(*columns: pa.Array) -> pa.Array:
        return predict_columns(payload, output, *columns)

    run.__name__ = name
    return arrow_udf(run, answer_type(bundle.schema, output)).asNondeterministic()


def _check_name(spark: Any, name: str) -> None:
    from pyspark.errors import ParseException

    if not isinstance(name, str):
        raise ScoringError(f"a function name must be text such as 'predict', but got {name!r}")
    if KEYWORDS.fullmatch(name):
        raise ScoringError(f"the function name {name!r} is a word of SQL; choose another name")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ScoringError(f"a function name must be an identifier such as predict, but got {name!r}")
    try:
        taken = spark.catalog.functionExists(name)
    except ParseException:
        raise ScoringError(f"the function name {name!r} is a reserved word; choose another name") from None
    if taken and spark.conf.get(_key(name), None) is None:
        raise ScoringError(f"the function {name!r} exists already in Spark; choose another name")


def _key(name: str) -> str:
    """The session's note that a function is one of ours; SQL names ignore case."""
    return OURS + name.lower()
