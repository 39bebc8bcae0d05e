"""Commands of exported models: score tables, answer for a few rows, measure on labelled rows."""

import json
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sparktune.cli.options import Engine, Model, TrackingUri, check_place
from sparktune.cli.output import Output, with_output
from sparktune.errors import InputError
from sparktune.strict_json import finite

if TYPE_CHECKING:
    from sparktune.bundle import Bundle
    from sparktune.data import Table

InputFile = Annotated[
    Path | None,
    typer.Option(
        "--input", callback=check_place, help="CSV, JSON, Parquet or .npz file; JSON on stdin by default."
    ),
]
Rows = Annotated[
    list[str] | None,
    typer.Option("--row", help='A row as JSON, {"age": 31}; may be given many times.'),
]


@with_output
def score_command(
    output: Output,
    model: Model,
    source: Annotated[
        str,
        typer.Option("--input", callback=check_place, help="Path (parquet, csv, json) or table to score."),
    ],
    target: Annotated[
        str, typer.Option("--output", callback=check_place, help="Path or table to write; it must not exist.")
    ],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the target where it exists.")
    ] = False,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMNS",
            help="The columns of the input to keep, with commas between them; all by default.",
        ),
    ] = None,
    partition_by: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Write a folder for each value; the same command again keeps those that are whole.",
        ),
    ] = None,
    tracking_uri: TrackingUri = None,
    engine: Engine = None,
) -> None:
    """Score a table or files with an exported model.

    Spark does it where one is configured (spark-submit, SPARK_MASTER, spark-defaults.conf, HADOOP_CONF_DIR).
    Otherwise Parquet files on this machine are scored in this process, by a thread for each core, and Spark
    in `local[*]` does the rest: other formats, tables, --partition-by, engines with TensorFlow.
    """
    from sparktune.launch import anything_configures_spark
    from sparktune.scoring.answers import load_model
    from sparktune.scoring.without_spark import score_files

    started = time.monotonic()
    bundle = load_model(model, tracking_uri, engine)
    mode: Literal["error", "overwrite"] = "overwrite" if overwrite else "error"
    kept = None if columns is None else [*filter(None, columns.split(","))]
    rows = None
    if partition_by is None and not anything_configures_spark():
        rows = score_files(bundle, source, target, mode, kept)
    if rows is None:
        rows = _score_by_spark(output, bundle, source, target, mode, kept, partition_by)
    output.answer({"rows": rows, "model": model, "output": target})
    seconds = time.monotonic() - started
    output.note(f"{rows} rows scored into {target} ({rows / seconds:,.0f} rows/s)")


def _score_by_spark(
    output: Output,
    bundle: "Bundle",
    source: str,
    target: str,
    mode: Literal["error", "overwrite"],
    kept: list[str] | None,
    partition_by: str | None,
) -> int:
    from sparktune.absent import as_if_absent
    from sparktune.bundle.requirements import engine_modules
    from sparktune.launch import open_session
    from sparktune.scoring import check_lasting, score
    from sparktune.scoring.task_progress import tasks_shown

    with as_if_absent("pandas"):  # PySpark imports it for its own tests, in 0.6 s
        spark = open_session(preload="tensorflow" in engine_modules([bundle.manifest.engine]))
    check_lasting(spark, target)
    progress = None if partition_by is None else lambda scored: output.note(str(scored))
    with nullcontext() if progress else tasks_shown(spark, output.note):
        return score(
            spark, bundle, source, target, mode, kept, partition_by=partition_by, on_progress=progress
        )


@with_output
def predict_command(
    output: Output,
    model: Model,
    source: InputFile = None,
    given: Rows = None,
    tracking_uri: TrackingUri = None,
    engine: Engine = None,
) -> None:
    """Answer for a few rows, without Spark: one JSON object a line, with `prediction` and `probability`.

    Rows come from --row, from --input, or else as JSON from standard input: one object of columns, a list of
    such objects, or one object a line. A column that is null makes the answer null,
    unless it is encoded: the model answers then.
    """
    from sparktune.scoring.answers import load_model
    from sparktune.scoring.local import predict_rows

    if source is not None and given:
        raise InputError(f"--row and --input exclude each other, but got both ({str(source)!r}); remove one")
    bundle = load_model(model, tracking_uri, engine)
    answers = predict_rows(bundle, _rows(bundle, source, given))
    output.answer({"model": model, "predictions": answers}, *(json.dumps(finite(a)) for a in answers))


@with_output
def evaluate_command(
    output: Output,
    model: Model,
    data: Annotated[
        Path, typer.Option(callback=check_place, help="CSV, JSON, Parquet or .npz file with the labels.")
    ],
    label: Annotated[
        str | None, typer.Option(help="Column of the true labels; its name in training by default.")
    ] = None,
    weight: Annotated[
        str | None, typer.Option(help="Column of row weights, for the loss and `weighted_` metrics.")
    ] = None,
    tracking_uri: TrackingUri = None,
) -> None:
    """Measure a model on labelled rows: its task's default loss, and every metric that suits the label."""
    from rich.table import Table

    from sparktune.scoring.answers import load_model
    from sparktune.scoring.local import measure_rows
    from sparktune.scoring.rows import read_rows

    bundle = load_model(model, tracking_uri)
    rows = read_rows(data, bundle.schema)
    metrics = measure_rows(bundle, rows, label, weight)
    shown = Table("metric", box=None, pad_edge=False)
    shown.add_column("value", justify="right")
    for name, value in metrics.items():
        shown.add_row(name, f"{value:.6g}")
    output.answer({"model": model, "data": str(data), "rows": len(rows), "metrics": metrics}, shown)
    output.note(f"{len(rows)} rows of {data}")


def _rows(bundle: "Bundle", source: Path | None, given: list[str] | None) -> "Table":
    """The rows of --row, of a file, or of standard input."""
    from sparktune.scoring.rows import parse_rows, read_rows, table_of

    if source is not None:
        return read_rows(source, bundle.schema)
    if given:
        rows = [row for text in given for row in parse_rows(text, "--row")]
        return table_of(rows, bundle.schema, "--row")
    if sys.stdin.isatty():
        raise InputError("rows must be given by --row or --input, or as JSON on standard input, but got none")
    try:
        text = sys.stdin.read()
    except UnicodeDecodeError as error:
        raise InputError(f"standard input must hold rows as JSON in UTF-8, but is not: {error}") from None
    return table_of(parse_rows(text, "standard input"), bundle.schema, "standard input")
