"""The `sparktune` command."""

import logging
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from sparktune.errors import InputError, SparktuneError, StudyInterrupted
from sparktune.spec import json_schema, load_spec
from sparktune.spec.base import Fault, place
from sparktune.spec.examples import KINDS, example
from sparktune.spec.messages import line

app = typer.Typer(
    name="sparktune",
    help="Hyperparameter search for Keras models on Apache Spark.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
err = Console(stderr=True)


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


@app.command(
    "tune",
    epilog="Examples:  sparktune tune --config study.yaml   |   "
    "sparktune tune -c study.yaml --set search.trials=20 --timeout 600",
)
def tune_command(
    context: typer.Context,
    config: Config,
    overrides: Overrides = None,
    timeout: Annotated[
        float | None,
        typer.Option(min=0.001, help="Seconds after which the search ends; the best so far is exported."),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not write to MLflow; `sparktune sync` can do so later.")
    ] = False,
) -> None:
    """Run the study of a YAML file; the same command again resumes it.

    Exit codes: 0 done, 1 the study failed, 2 bad input, 130 interrupted.
    """
    from sparktune.cli.show import show_outcome, tune_with_progress

    spec = load_spec(config, overrides or ())
    if not spec.resources.preload:
        context.obj.close()
    show_outcome(tune_with_progress(spec, offline=offline, timeout=timeout))


@app.command(
    "score",
    epilog="Example:  sparktune score --model studies/mnist/bundle --input new.parquet --output out.parquet",
)
def score_command(
    model: Annotated[
        str,
        typer.Option(
            callback=check_place, help="A bundle's folder or an MLflow URI (models:/NAME@champion)."
        ),
    ],
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
    tracking_uri: Annotated[
        str | None, typer.Option(help="MLflow tracking URI of a models:/ or runs:/ model.")
    ] = None,
) -> None:
    """Score a table or files in Spark SQL with an exported model."""
    from sparktune.launch import open_session
    from sparktune.scoring import check_lasting, score

    mode: Literal["error", "overwrite"] = "overwrite" if overwrite else "error"
    spark = open_session()
    check_lasting(spark, target)
    rows = score(spark, model, source, target, mode, tracking_uri=tracking_uri)
    err.print(f"{rows} rows scored into {target}")


@app.command("sync", epilog="Example:  sparktune sync studies/mnist")
def sync_command(
    directory: Annotated[Path, typer.Argument(callback=check_place, help="The study directory.")],
) -> None:
    """Write a study into MLflow again from its ledger; what is there already is not doubled."""
    from sparktune.study import sync_study

    ids = sync_study(directory)
    err.print(f"MLflow experiment {ids['experiment_id']}, run {ids['run_id']}")


@app.command("init", epilog="Example:  sparktune init mlp > study.yaml")
def init_command(
    kind: Annotated[str, typer.Argument(help=f"What to start from: {', '.join(KINDS)}.")] = "mlp",
    output: Annotated[
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
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InputError(f"cannot write {str(output)!r}: {error.strerror}; name another file") from None
    err.print(f"{output} written; run: sparktune tune --config {output}")


@app.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of the study file."""
    typer.echo(json_schema())


@app.command("demo")
def demo_command(
    directory: Annotated[
        Path, typer.Option(callback=check_place, help="Folder for everything the demo writes.")
    ] = Path("demo"),
) -> None:
    """Tune 12 models on handwritten digits with local Spark, then score the digits in Spark SQL."""
    from sparktune.cli.demo import run_demo

    run_demo(directory)


def main(arguments: list[str], begun: ExitStack) -> None:
    """Run the command; errors of the package become one message and their exit code.

    Args:
        arguments: what follows the program's name.
        begun: closes the fork server that `tune` starts early; a study without preload closes it at once.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        app(args=arguments, obj=begun)
    except SparktuneError as error:
        err.print(f"[bold red]{type(error).__name__}[/]: ", end="")
        err.print(str(error), markup=False, highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except SystemExit as ended:
        if ended.code == StudyInterrupted.exit_code:  # Ctrl-C outside a study; typer says nothing
            err.print("interrupted; run the same command again")
        raise
