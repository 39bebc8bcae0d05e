"""Score a whole table with a bundle and write the answers beside its columns."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from sparktune.bundle import Bundle
from sparktune.columns.names import find
from sparktune.errors import ScoringError
from sparktune.scoring.answers import ANSWER, check_session, load_model, with_answer
from sparktune.scoring.bulk import scored_in_one_pass, through_arrow
from sparktune.scoring.executors import classic_context
from sparktune.scoring.expression import is_sql
from sparktune.scoring.guessed_types import with_training_types
from sparktune.scoring.moments import moments_as_trained
from sparktune.scoring.nanoseconds import nanoseconds_readable
from sparktune.scoring.partitions import OnScored, PartitionedTarget, score_partitions
from sparktune.scoring.signature import quoted
from sparktune.scoring.table_io import files_digest, is_path, read, remove, target_format, write
from sparktune.scoring.targets import check_apart, check_target
from sparktune.scoring.types import answer_names, check_columns, check_kept, is_complex
from sparktune.scoring.worker_errors import worker_errors_as_raised


def score(
    spark: Any,
    model: str | Path | Bundle,
    source: str | Path,
    target: str | Path,
    mode: Literal["error", "overwrite"] = "error",
    columns: Sequence[str] | None = None,
    tracking_uri: str | None = None,
    engine: str | None = None,
    partition_by: str | None = None,
    on_progress: OnScored | None = None,
) -> int:
    """Write the rows of `source` to `target` with `prediction` and `probability`.

    `prediction` is the decoded label, or the value; `probability` is that of the second class as double for
    binary labels, of every class as array<float> for classes and labels, and is left out for regression. Both
    are NULL where a feature is NULL, unless its column is encoded: the model answers then. Columns that are
    no features are written as they are; Parquet timestamps in nanoseconds, which Spark does not know,
    as timestamps in microseconds.

    With `partition_by` the output has a folder for each value of that column. The same call again, after
    the first was killed, keeps the folders that are whole and scores the others. It is refused where the
    source has changed since: where its files have other names, or local ones other sizes or times of change;
    and where Spark has another time zone.
    It reads a source that is partitioned by the same column once, any other up to 16 times.

    Args:
        spark: The Spark session. model: The bundle, its folder, or an MLflow URI such as
        `models:/name@champion`. source: A path (Parquet, CSV with a header or JSON lines, by its ending or
        what the folder holds; the latter two compressed or not) or a table. target: A path (Parquet unless it
        ends in .csv or .json) or a table. mode: "error" refuses a target that exists; "overwrite" replaces
        it. columns: Columns of the source to write; all by default. tracking_uri: MLflow's, for a model that
        is an MLflow URI; MLFLOW_TRACKING_URI by default. engine: What computes the answers, `keras` say; the
        first one of the bundle by default. partition_by: A column of the source; the target must be a path.
        on_progress: Called after each of at most 16 groups of partitions; needs partition_by.

    Returns:
        The number of rows that this call scored.

    Raises:
        ScoringError: before any row is scored: the session is one of Spark Connect, the model is no bundle or
            was changed after the export, the source is missing, the target exists or holds files of the
            source, a feature column is missing or not numeric, a written column has the name of an answer,
            the workers' Python lacks what scoring needs, or the engine is `sql` and Spark answers the
            bundle's example rows differently from Python. While rows are scored: one of them cannot be
            encoded; the message has its values; or Spark fails, which is the cause.
    """
    if on_progress is not None and partition_by is None:
        raise ScoringError(
            "on_progress needs partition_by, as a table without partitions is written at once; name a column "
            "to partition by, or leave on_progress out"
        )
    classic_context(spark)  # reading and writing need it, too
    source, target = str(source), str(target)
    check_target(spark, source, target, mode if partition_by is None else "overwrite")
    bundle = load_model(model, tracking_uri, engine)
    with nanoseconds_readable(spark), worker_errors_as_raised():
        frame = read(spark, source)
        check_apart(spark, frame, target)
        frame = with_training_types(spark, source, frame, bundle.schema)
        types = {field.name: field.dataType.simpleString() for field in frame.schema.fields}
        features = check_columns(bundle.schema, types, spark.conf.get("spark.sql.caseSensitive") == "true")
        kept = list(types) if columns is None else [find(name, types, "column") for name in columns]
        check_kept(bundle.schema, kept)
        if _is_csv(target):
            _check_single_values({name: types[name] for name in kept})
        check_session(bundle, frame, features)
        scored = partial(_table_with_answers, bundle, features, kept, _is_csv(target))
        if partition_by is None:
            answered, count = scored(frame)
            write(answered, target, mode)
            return count()
        column = _partition_column(partition_by, kept, target)
        if mode == "overwrite":
            remove(spark, target)
        place = PartitionedTarget(spark, target, column, _identity(bundle, source, frame, kept, column))
        return score_partitions(frame, place, scored, on_progress or (lambda _: None))


def _table_with_answers(
    bundle: Bundle, features: list[str], kept: list[str], texts: bool, frame: Any
) -> tuple[Any, Callable[[], int]]:
    """The rows with their answers, and what says how many there were once they are written.

    Args:
        bundle: the model. features: the table's columns of its features. kept: the columns to write.
        texts: arrays are written as text. frame: the rows.
    """
    from pyspark.sql import Observation
    from pyspark.sql.functions import count, expr, lit

    rows = Observation()
    observed = frame.observe(rows, count(lit(1)).alias("rows"))
    # Columns that go through Python and back cost as much as a join of rows and answers, where they are many.
    few = 2 * len(kept) <= len(features) and through_arrow(frame, [*features, *kept]) and not is_sql(bundle)
    moments = moments_as_trained(bundle.schema, frame, features)
    if few and moments.keys().isdisjoint(kept):
        observed = observed.withColumns({name: expr(sql) for name, sql in moments.items()})
        written = scored_in_one_pass(bundle, observed, features, kept)
    else:
        written = _joined(bundle, observed, features, kept)
    return _arrays_as_text(written) if texts else written, lambda: int(rows.get["rows"])


def _joined(bundle: Bundle, frame: Any, features: Sequence[str], kept: Sequence[str]) -> Any:
    """What `scored_in_one_pass` gives; Spark joins each row with its answer."""
    from pyspark.sql.functions import col

    answers = [col(ANSWER)[name].alias(name) for name in answer_names(bundle.schema)]
    return with_answer(bundle, frame, features).select(*(col(quoted(name)) for name in kept), *answers)


def _partition_column(name: str, kept: list[str], target: str) -> str:
    """The column to partition by.

    Raises:
        ScoringError: it is not written, or the target is a table.
    """
    if not is_path(target):
        raise ScoringError(f"partition_by needs a path as the output, but got the table {target!r}")
    return find(name, kept, "column to partition by")


def _identity(bundle: Bundle, source: str, frame: Any, kept: list[str], by: str) -> dict[str, Any]:
    """What a later command must have in common with this one to go on with its output."""
    return {
        "model": bundle.manifest.digest,
        "engine": bundle.manifest.engine,
        "source": source,
        "files": files_digest(frame),
        "columns": kept,
        "by": by,
        "zone": frame.sparkSession.conf.get("spark.sql.session.timeZone"),  # of the texts of timestamps
    }


def _check_single_values(types: dict[str, str]) -> None:
    """Refuse columns, by their types, that CSV cannot hold.

    Raises:
        ScoringError: one holds more than single values.
    """
    for name, kind in types.items():
        if is_complex(kind):
            raise ScoringError(
                f"CSV cannot hold column {name!r} of type {kind}; "
                "write Parquet or JSON, or name the columns to keep without it"
            )


def _is_csv(target: str) -> bool:
    return is_path(target) and target_format(target) == "csv"


def _arrays_as_text(frame: Any) -> Any:
    """Probabilities of several classes as JSON text, which CSV can hold."""
    from pyspark.sql.functions import col, to_json

    arrays = [field.name for field in frame.schema.fields if field.dataType.typeName() == "array"]
    return frame.withColumns({name: to_json(col(quoted(name))) for name in arrays})
