"""Commands to start from: an example of a study file, its JSON Schema, and the demo."""

from pathlib import Path
from typing import Annotated

import typer
import yaml

from sparktune.cli.options import check_place
from sparktune.cli.output import Output, with_output
from sparktune.errors import InputError
from sparktune.spec import json_schema
from sparktune.spec.examples import KINDS, example


@with_output
def init_command(
    output: Output,
    kind: Annotated[str, typer.Argument(help=f"What to start from: {', '.join(KINDS)}.")] = "mlp",
    target: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            callback=check_place,
            help="File to write; it must not exist. Prints by default.",
        ),
    ] = None,
) -> None:
    """Write a commented example of a study file."""
    text = example(kind)
    if target is None:
        output.answer(yaml.safe_load(text), text.rstrip("\n"))
        return
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InputError(f"cannot write {str(target)!r}: {error.strerror}; name another file") from None
    output.answer({"output": str(target)})
    output.note(f"{target} written; run: sparktune tune --config {target}")


def schema_command() -> None:
    """Print the JSON Schema of the study file."""
    typer.echo(json_schema())


def demo_command(
    directory: Annotated[
        Path, typer.Option(callback=check_place, help="Folder for everything the demo writes.")
    ] = Path("demo"),
) -> None:
    """Tune 12 models on handwritten digits with local Spark, then score the digits in Spark SQL."""
    from sparktune.cli.demo import run_demo

    run_demo(directory)
