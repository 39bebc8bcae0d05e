"""A frame with one more column: the answers of a bundle, where the session can compute them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sparktune.bundle import Bundle, load_bundle
from sparktune.errors import BundleError, ScoringError
from sparktune.scoring.executors import check_executors
from sparktune.scoring.expression import answer_in_sql, check_answers, is_sql
from sparktune.scoring.moments import columns_in_sql, moments_as_trained
from sparktune.scoring.signature import is_table, quoted
from sparktune.scoring.sql import predict_function
from sparktune.scoring.types import is_complex

ANSWER = "__sparktune_answer"


def load_model(
    model: str | Path | Bundle, tracking_uri: str | None = None, engine: str | None = None
) -> Bundle:
    """The bundle to score with, from its folder or an MLflow URI.

    Raises:
        ScoringError: there is none, it was changed after the export, or it does not have the engine.
        TrackingError: MLflow does not answer or does not know it.
    """
    try:
        if isinstance(model, Bundle):
            return model if engine is None else model.with_engine(engine)
        return load_bundle(model, tracking_uri, engine=engine)
    except BundleError as error:
        raise ScoringError(str(error)) from error


def check_session(bundle: Bundle, frame: Any, features: Sequence[str]) -> None:
    """Refuse, before any row is scored, a Spark session that cannot compute the bundle's answers.

    Args:
        bundle: the model.
        frame: the rows.
        features: as `with_answer` takes them.

    Raises:
        ScoringError: the workers' Python lacks what scoring needs; the engine is `sql`, and Spark SQL answers
            the bundle's example rows differently from Python; or the session is one of Spark Connect.
        BundleError: the engine is `sql`, and the model or a column has no SQL.
    """
    check = check_answers if _in_sql(bundle, frame, features) else check_executors
    check(frame.sparkSession, bundle)


def _in_sql(bundle: Bundle, frame: Any, features: Sequence[str]) -> bool:
    """Whether Spark SQL computes the answers; one column with all numbers goes to Python."""
    apart = len(features) == len(bundle.schema.features)
    vector = is_table(bundle.schema) and is_complex(frame.schema[features[0]].dataType.simpleString())
    return is_sql(bundle) and apart and not vector


def with_answer(bundle: Bundle, frame: Any, features: Sequence[str]) -> Any:
    """The frame with one more column, ANSWER: a struct of `prediction` and perhaps `probability`.

    Args:
        bundle: the model.
        frame: the rows.
        features: the frame's columns in the order of the bundle's, or one with all numbers.
    """
    from pyspark.sql.functions import col, expr

    if _in_sql(bundle, frame, features):
        columns = columns_in_sql(bundle.manifest, frame, features)
        return frame.withColumn(ANSWER, expr(answer_in_sql(bundle, columns, "both")))
    moments = moments_as_trained(bundle.schema, frame, features)
    arguments = [expr(moments[name]) if name in moments else col(quoted(name)) for name in features]
    function = predict_function(bundle, "both").asNondeterministic()  # never evaluated twice
    return frame.withColumn(ANSWER, function(*arguments))
