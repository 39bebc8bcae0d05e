"""The command that looks at the machine, the cluster and the places of a study."""

from pathlib import Path
from typing import Annotated

import typer

from sparktune.cli.options import Offline, Overrides, check_place
from sparktune.cli.output import Answered, Output, with_output
from sparktune.spec import parse_spec
from sparktune.spec.document import merged, read_document

AnyConfig = Annotated[
    Path | None,
    typer.Option("--config", "-c", callback=check_place, help="The study file; a study of defaults without."),
]


@with_output
def doctor_command(
    output: Output,
    config: AnyConfig = None,
    overrides: Overrides = None,
    offline: Offline = False,
) -> None:
    """Look at all that a study needs, and say what would hang, starve or be lost, with the setting to change.

    Python and versions of packages on driver and executors, memory, slots, Spark's settings, places that
    hosts share, MLflow. Spark starts where trials run on it; nothing is trained, and no data are read. Exit
    codes: 0 studies can run, 1 something must be changed first, 2 bad input.
    """
    from sparktune.doctor import examine

    spec = parse_spec(merged(read_document(config) if config else {}, overrides or ()))
    examination = examine(spec, offline)
    width = max(len(name) for name, _ in examination.findings)
    lines = [f"{found.level:8}{name:{width}}  {found.text}" for name, found in examination.findings]
    output.answer(examination.to_record(), *lines)
    if not examination.healthy:
        raise Answered(1)
