"""The command that writes a study's report."""

from pathlib import Path
from typing import Annotated

import typer

from sparktune.cli.options import StudyDirectory, check_place
from sparktune.cli.output import Output, with_output
from sparktune.errors import InputError


@with_output
def report_command(
    output: Output,
    directory: StudyDirectory,
    target: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", callback=check_place, help="File to write; STUDY_DIR/report.html by default."
        ),
    ] = None,
) -> None:
    """Write a study as one HTML page: charts, the exported model, errors. Also while the study runs."""
    from sparktune.report import write_report

    try:
        path = write_report(directory, target)
    except OSError as error:
        raise InputError(
            f"--output {str(target or directory)!r} must be a file that can be written: {error.strerror}"
        ) from None
    output.answer({"report": str(path)}, str(path))
