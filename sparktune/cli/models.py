"""Commands of exported models: score tables with one."""

from typing import Annotated, Literal

import typer

from sparktune.cli.options import Json, Model, Quiet, TrackingUri, Verbose, check_place
from sparktune.cli.output import Output


def score_command(
    context: typer.Context,
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
    tracking_uri: TrackingUri = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Score a table or files in Spark SQL with an exported model."""
    from sparktune.launch import open_session
    from sparktune.scoring import check_lasting, score

    output = Output(context, quiet, verbose)
    mode: Literal["error", "overwrite"] = "overwrite" if overwrite else "error"
    spark = open_session()
    check_lasting(spark, target)
    rows = score(spark, model, source, target, mode, tracking_uri=tracking_uri)
    output.answer({"rows": rows, "model": model, "output": target})
    output.note(f"{rows} rows scored into {target}")
