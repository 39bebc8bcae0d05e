"""The command that writes a study's report."""

from pathlib import Path
from typing import Annotated

import typer

from sparktune.cli.options import Json, Quiet, StudyDirectory, Verbose, check_place
from sparktune.cli.output import Output
from sparktune.errors import InputError


def report_command(
    context: typer.Context,
    directory: StudyDirectory,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", callback=check_place, help="File to write; STUDY_DIR/report.html by default."
        ),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Write a study as one HTML page: charts, the exported model, errors. Also while the study runs."""
    from sparktune.report import write_report

    out = Output(context, quiet, verbose)
    try:
        path = write_report(directory, output)
    except OSError as error:
        raise InputError(
            f"--output {str(output or directory)!r} must be a file that can be written: {error.strerror}"
        ) from None
    out.answer({"report": str(path)}, str(path))
