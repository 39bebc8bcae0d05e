"""The `sparktune` command: all its commands put together."""

import logging
import sys
from contextlib import ExitStack
from typing import Annotated, TextIO

import typer

from sparktune import __version__
from sparktune.cli.check import check_command
from sparktune.cli.clean import clean_command
from sparktune.cli.doctor import doctor_command
from sparktune.cli.export import export_command
from sparktune.cli.models import evaluate_command, predict_command, score_command
from sparktune.cli.output import Answered, Invocation, write_error, write_error_document
from sparktune.cli.pack import pack_command
from sparktune.cli.report import report_command
from sparktune.cli.sql import sql_command
from sparktune.cli.start import demo_command, init_command, schema_command
from sparktune.cli.studies import best_command, show_command, status_command, sync_command
from sparktune.cli.tune import tune_command
from sparktune.errors import SparktuneError, StudyInterrupted

app = typer.Typer(
    name="sparktune",
    help="Hyperparameter search for Keras models on Apache Spark.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)
app.command(
    "tune",
    epilog="Examples:  sparktune tune --config study.yaml   |   "
    "sparktune tune -c study.yaml --set search.trials=20 --timeout 600",
)(tune_command)
app.command(
    "check",
    epilog="Example:  sparktune check --config study.yaml --set search.trials=20",
)(check_command)
app.command(
    "doctor",
    epilog="Examples:  sparktune doctor   |   sparktune doctor --config study.yaml --json",
)(doctor_command)
app.command(
    "score",
    epilog="Example:  sparktune score --model studies/mnist/bundle --input new.parquet --output out.parquet",
)(score_command)
app.command(
    "predict",
    epilog="Examples:  sparktune predict --model studies/mnist/bundle --input rows.csv   |   "
    """sparktune predict --model studies/churn/bundle --row '{"age": 31, "visits": 2}'""",
)(predict_command)
app.command(
    "evaluate",
    epilog="Example:  sparktune evaluate --model studies/churn/bundle --data new.parquet --label churned",
)(evaluate_command)
app.command(
    "sql",
    epilog="Examples:  sparktune sql churn --model studies/churn/bundle > churn.sql   |   "
    "sparktune sql churn --model models:/churn@champion --answer both --create",
)(sql_command)
app.command(
    "status",
    epilog="Examples:  sparktune status studies/mnist   |   sparktune status studies/mnist --json",
)(status_command)
app.command("show", epilog="Example:  sparktune show studies/mnist 3")(show_command)
app.command(
    "best",
    epilog="Examples:  sparktune best studies/mnist   |   sparktune best studies/mnist --json | jq .params",
)(best_command)
app.command(
    "export",
    epilog="Examples:  sparktune best studies/mnist   |   sparktune export studies/mnist 11",
)(export_command)
app.command(
    "report",
    epilog="Examples:  sparktune report studies/mnist   |   sparktune report studies/mnist -o mnist.html",
)(report_command)
app.command("sync", epilog="Example:  sparktune sync studies/mnist")(sync_command)
app.command("clean", epilog="Examples:  sparktune clean   |   sparktune clean --yes")(clean_command)
app.command("init", epilog="Example:  sparktune init mlp > study.yaml")(init_command)
app.command("schema", epilog="Example:  sparktune schema > study.schema.json")(schema_command)
app.command("pack", epilog="Example:  sparktune pack --output environment.tar.gz")(pack_command)
app.command("demo", epilog="Example:  sparktune demo --directory demo")(demo_command)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sparktune {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Hyperparameter search for Keras models on Apache Spark."""


def main(arguments: list[str], begun: ExitStack, document: TextIO | None = None) -> None:
    """Run the command; errors of the package become one message and their exit code.

    Args:
        arguments: what follows the program's name.
        begun: closes the fork server that `tune` starts early; a study without preload closes it at once.
        document: takes the JSON document of `--json`.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        app(args=arguments, prog_name="sparktune", obj=Invocation(begun, document))
    except SparktuneError as error:
        write_error(error, document)
        sys.exit(error.exit_code)
    except SystemExit as ended:
        if ended.code == StudyInterrupted.exit_code:  # Ctrl-C outside a study; typer says nothing
            write_error(StudyInterrupted("interrupted; run the same command again"), document)
        elif ended.code and document is not None and not isinstance(ended.__context__, Answered):
            # typer has said why
            code = ended.code if isinstance(ended.code, int) else 1
            write_error_document(*_why(ended), code, document)
        raise
    except Exception as error:
        if document is not None:
            write_error_document(type(error).__name__, str(error), 1, document)
        raise


def _why(ended: SystemExit) -> tuple[str, str]:
    """Type and message of the error that ended the command: typer's, while it was handling that, or none."""
    message = getattr(ended.__context__, "format_message", None)
    if message is None:
        return "SystemExit", ended.code if isinstance(ended.code, str) else "see standard error"
    return "UsageError", message()
