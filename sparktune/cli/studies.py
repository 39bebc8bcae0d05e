"""Commands of study directories: write one into MLflow again."""

import typer

from sparktune.cli.options import Json, Quiet, StudyDirectory, Verbose
from sparktune.cli.output import Output


def sync_command(
    context: typer.Context,
    directory: StudyDirectory,
    quiet: Quiet = False,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Write a study into MLflow again from its ledger; what is there already is not doubled."""
    from sparktune.study import sync_study

    output = Output(context, quiet, verbose)
    ids = sync_study(directory)
    output.answer(ids)
    output.note(f"MLflow experiment {ids['experiment_id']}, run {ids['run_id']}")
