"""The command that makes a bundle of a trial of the Pareto front."""

from typing import Annotated

import typer

from sparktune.cli.options import StudyDirectory
from sparktune.cli.output import Output, with_output


@with_output
def export_command(
    output: Output,
    directory: StudyDirectory,
    number: Annotated[int, typer.Argument(metavar="TRIAL", help="The trial's number, one of the front.")],
) -> None:
    """Export the model of a trial of the Pareto front, besides the best one's, to STUDY_DIR/pareto/TRIAL."""
    from sparktune.study.export_trial import export_trial

    bundle = export_trial(directory, number)
    output.answer({"trial": number, "bundle": str(bundle.path)}, str(bundle.path))
