"""The options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from sparktune.errors import InputError
from sparktune.spec.base import Fault, place
from sparktune.spec.messages import line


def check_place(option: typer.CallbackParam, given: Path | str | None) -> Path | str | None:
    """Refuse a path or URI that no file system takes, before the command starts anything."""
    try:
        place(str(given or "."))
    except Fault as fault:
        raise InputError(line(Fault(fault.rule, str(option.name), value=fault.value))) from None
    return given


Config = Annotated[Path, typer.Option("--config", "-c", callback=check_place, help="The study file (YAML).")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", metavar="SECTION.KEY=VALUE", help="Override a key; may be given many times."),
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Do not write to MLflow; `sparktune sync` can do so later.")
]
Model = Annotated[
    str,
    typer.Option(callback=check_place, help="A bundle's folder or an MLflow URI (models:/NAME@champion)."),
]
TrackingUri = Annotated[str | None, typer.Option(help="MLflow tracking URI of a models:/ or runs:/ model.")]
Engine = Annotated[
    str | None,
    typer.Option(help="What computes the answers, keras say; by default the first one of the bundle."),
]
StudyDirectory = Annotated[
    Path, typer.Argument(callback=check_place, metavar="STUDY_DIR", help="The study directory.")
]
