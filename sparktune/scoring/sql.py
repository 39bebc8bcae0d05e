"""A bundle as a SQL function."""

import logging
import re
from pathlib import Path
from typing import Any, Literal, final

import pyarrow as pa

from sparktune.bundle import Bundle, load_bundle
from sparktune.bundle.payload import to_payload
from sparktune.errors import ScoringError
from sparktune.scoring.executors import check_executors, classic_context
from sparktune.scoring.expression import check_answers, function_definition, is_sql
from sparktune.scoring.signature import COMMENT, definition, is_table
from sparktune.scoring.types import OUTPUTS, Output, answer_type, checked_output, in_order
from sparktune.scoring.worker import predict_columns

KEYWORDS = re.compile(
    "all|alter|by|create|cross|delete|distinct|drop|else|end|except|false|for|from|full|group|having|inner|"
    "insert|intersect|interval|into|is|join|lateral|limit|natural|null|offset|on|order|outer|select|set|"
    "stream|table|then|true|union|unique|update|using|values|where|window|with",
    re.IGNORECASE,
)
OURS = "sparktune.function."
ROW = "_row"
# Where it is on, Spark 4.3 refuses the ML vectors of a Parquet file as the argument of any Python function.
COLUMNAR_INPUT = "spark.sql.execution.arrow.pythonUDF.columnarInput.enabled"

log = logging.getLogger("sparktune")


@final
class SqlFunction:
    """A bundle's function for columns: `frame.select(predict("age", "visits"))`.

    Takes what the SQL functions `NAME` and `NAME_row` take; Spark checks the columns where there is one for
    each feature and all are single numbers.
    """

    def __init__(self, name: str, columns: int, implementation: Any) -> None:
        self.name = name
        self._columns = columns
        self._implementation = implementation

    def __repr__(self) -> str:
        return f"SqlFunction({self.name!r})"

    def __call__(self, *columns: Any) -> Any:
        """The answers as a column, for names of columns or columns."""
        from pyspark.sql.functions import call_function

        if len(columns) == self._columns or self._implementation is None:
            return call_function(self.name, *columns)
        return self._implementation(*columns)


def register(
    spark: Any,
    model: str | Path | Bundle,
    name: str,
    output: Literal["prediction", "label", "probability", "both", "raw"] = "prediction",
    engine: str | None = None,
    permanent: bool = False,
) -> SqlFunction:
    """Make a bundle a function of Spark SQL: `SELECT id, predict(age, visits) FROM t`.

    The function answers NULL where an input is NULL, unless the column is encoded: the model answers then.
    Where all features are columns of single numbers, it has one parameter for each, which may be given by
    name; a wrong number of arguments, or one that `CAST` cannot make a number of, is an error of the query's
    analysis. `CAST` takes text that reads as a number, and a timestamp as its seconds since 1970. The
    function may stand in an aggregate, `avg(CAST(predict(age, visits) = label AS INT))`, and a filter on its
    alias scores each row once.

    `NAME_row` is made beside it: it takes the columns too, also by name as the features are written, or one
    struct with their names, or all numbers in one array, ML vector or float32 bytes. Where a feature is
    itself an array, NAME takes the same. Spark neither casts nor checks these when it analyses a query: times
    are taken in UTC, and wrong arguments fail when the first row is scored, with a trace whose last line says
    what was expected. They may stand in an aggregate; a filter on an alias scores the rows that it keeps a
    second time (cache the answers before).

    In the session it sets the notes `sparktune.function.NAME`, and switches off, with a log line,
    `spark.sql.execution.arrow.pythonUDF.columnarInput.enabled`, with which Spark refuses ML vectors of
    Parquet files. Where the workers do not run this Python, one task looks what they have.

    A function of a former call by the name is replaced, whatever its columns and its engine.

    By the engine `sql` NAME computes without Python, in Spark SQL alone, and there is no `NAME_row`: one of
    a former call is dropped, and so is a temporary NAME where the new one is permanent. Its answers to the
    bundle's example rows are compared with those of Python first.

    Args:
        spark: The Spark session.
        model: The bundle, its folder, or an MLflow URI such as `models:/name@champion`.
        name: The function's name.
        output: "prediction", the decoded label, the list of labels for task labels, or the value (also called
            "label"); "probability", that of the second class as double for binary labels, else of every class
            as array<float>; "both", a struct of the two; "raw", the model's outputs as float, or array<float>
            where there are several.
        engine: What computes the answers, `keras` say; the first one of the bundle by default.
        permanent: Keep the function in the catalog's current schema for all sessions, which only one of the
            engine `sql` can be; by default it is the session's own.

    Returns:
        The function, for use with columns: `frame.select(predict("age", "visits"))`.

    Raises:
        ScoringError: the name is no identifier, or is taken by another function or its `NAME_row`; the output
            is unknown; the workers' Python lacks what scoring needs; a permanent function is asked of another
            engine; the session is one of Spark Connect.
        BundleError: the model is no bundle, was changed after the export, does not have the engine, or is
            too large for SQL.
    """
    check_name(name)
    classic_context(spark)
    _check_free(spark, name)
    if output not in (*OUTPUTS, "label"):
        raise ScoringError(f"output must be {', '.join(OUTPUTS[:-1])} or {OUTPUTS[-1]}, but got {output!r}")
    bundle = model if isinstance(model, Bundle) else load_bundle(model)
    bundle = bundle if engine is None else bundle.with_engine(engine)
    answer = checked_output(bundle.schema, output)
    if is_sql(bundle):
        return _register_sql(spark, bundle, name, answer, permanent)
    if permanent:
        raise ScoringError(
            f"only a function of the engine sql can be permanent, but got {bundle.manifest.engine!r}; give "
            "engine='sql'"
        )
    check_executors(spark, bundle)
    _allow_vectors(spark)
    implementation = predict_function(bundle, answer, name)
    _drop(spark, name, name + ROW)
    spark.udf.register(name + ROW, implementation)
    if is_table(bundle.schema):
        spark.sql(definition(bundle.manifest, name, name + ROW, answer))
    else:
        spark.udf.register(name, implementation)
    spark.conf.set(_key(name), bundle.manifest.digest)
    spark.conf.set(_key(name + ROW), name.lower())  # whose part it is
    return SqlFunction(name, len(bundle.schema.features), implementation)


def _register_sql(spark: Any, bundle: Bundle, name: str, output: Output, permanent: bool) -> SqlFunction:
    check_answers(spark, bundle)
    statement = function_definition(bundle, name, output, permanent)
    if not permanent:
        _drop(spark, name)
    spark.sql(statement)
    spark.conf.set(_key(name), bundle.manifest.digest)
    spark.conf.unset(_key(name + ROW))
    _drop(spark, *((name,) if permanent else ()), name + ROW)  # a temporary one hides a permanent one
    return SqlFunction(name, len(bundle.schema.features), None)


def _drop(spark: Any, *names: str) -> None:
    """Drop the session's own functions of these names: Spark replaces none in Python by one in SQL."""
    for name in names:
        spark.sql(f"DROP TEMPORARY FUNCTION IF EXISTS {name}")


def predict_function(bundle: Bundle, output: Output, name: str = "predict") -> Any:
    """A bundle as a function of columns, not registered.

    The model is part of the function, so executors need neither MLflow nor a shared disk.
    """
    from pyspark.sql.functions import arrow_udf

    payload, features = to_payload(bundle), [feature.name for feature in bundle.schema.features]

    def run(*columns: pa.Array, **named: pa.Array) -> pa.Array:
        return predict_columns(payload, output, *columns, *in_order(named, features[len(columns) :]))

    run.__name__ = name
    return arrow_udf(run, answer_type(bundle.schema, output))


def _allow_vectors(spark: Any) -> None:
    if spark.conf.get(COLUMNAR_INPUT, None) != "false":
        spark.conf.set(COLUMNAR_INPUT, "false")
        log.warning("%s is now false in this session, so that ML vectors can be scored", COLUMNAR_INPUT)


def check_name(name: str) -> None:
    """Refuse a function's name that SQL does not take.

    Raises:
        ScoringError: it is no identifier, or a word of SQL.
    """
    if not isinstance(name, str):
        raise ScoringError(f"a function name must be text such as 'predict', but got {name!r}")
    if KEYWORDS.fullmatch(name):
        raise ScoringError(f"the function name {name!r} is a word of SQL; choose another name")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ScoringError(f"a function name must be an identifier such as predict, but got {name!r}")


def _check_free(spark: Any, name: str) -> None:
    """Refuse a name that is taken by a function of somebody else, or by the `NAME_row` of another one."""
    from pyspark.errors import ParseException

    try:
        taken = [each for each in (name, name + ROW) if spark.catalog.functionExists(each)]
    except ParseException:
        raise ScoringError(f"the function name {name!r} is a reserved word; choose another name") from None
    owner = name.lower().removesuffix(ROW)
    if name in taken and spark.conf.get(_key(name), None) == owner:
        raise ScoringError(
            f"the function {name!r} is a part of {owner!r}, which calls it; choose another name"
        )
    theirs = [each for each in taken if not _is_ours(spark, each)]
    if theirs:
        raise ScoringError(f"the function {theirs[0]!r} exists already in Spark; choose another name")


def _is_ours(spark: Any, name: str) -> bool:
    """Whether `register` made a function, for this session or for all; False where it hides another's."""
    permanent = f"{spark.catalog.currentDatabase()}.{name}"  # Spark gives its name quoted where need be
    if spark.catalog.functionExists(permanent) and not _has_comment(spark, permanent):
        return False
    return spark.conf.get(_key(name), None) is not None or _has_comment(spark, name)


def _has_comment(spark: Any, name: str) -> bool:
    return COMMENT in (spark.catalog.getFunction(name).description or "")


def _key(name: str) -> str:
    """The session's note that a function is one of ours; SQL names ignore case."""
    return OURS + name.lower()
