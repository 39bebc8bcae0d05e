"""Where a command writes: its answer to standard output, everything else to standard error."""

import logging
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any, TextIO, final

import typer
from rich.console import Console, RenderableType

from sparktune.errors import SparktuneError
from sparktune.strict_json import json_text

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Write nothing but the answer and errors.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Also write what is done, step by step.")]
Json = Annotated[
    bool,
    typer.Option("--json", help="Write one JSON document to standard output, all else to standard error."),
]
OPTIONS = {"quiet": Quiet, "verbose": Verbose, "as_json": Json}


@final
@dataclass(frozen=True)
class Invocation:
    """What a command was started with.

    `begun` closes the fork server that `tune` starts early. `document` takes the one JSON document of
    `--json`; None without that option.
    """

    begun: ExitStack
    document: TextIO | None = None


@final
class Answered(typer.Exit):
    """Ends a command that has given its answer, with another exit code than 0."""


@final
class Output:
    """What one command writes. `--quiet` leaves out notes and warnings, `--verbose` adds what happens.

    Args:
        context: the command's context, whose `obj` is its Invocation.
        quiet: nothing but the answer and errors.
        verbose: also what is done, as the package's loggers say it.
    """

    def __init__(self, context: typer.Context, quiet: bool, verbose: bool) -> None:
        self.quiet = quiet
        self._document: TextIO | None = context.obj.document
        level = logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING
        logging.getLogger("sparktune").setLevel(level)

    def note(self, text: str) -> None:
        """A line on standard error; none with `--quiet`."""
        if not self.quiet:
            print(text, file=sys.stderr)

    def answer(self, document: Mapping[str, Any], *shown: RenderableType) -> None:
        """What the command was asked for, on standard output.

        Args:
            document: written as JSON where `--json` is given.
            shown: printed otherwise, see `show`.
        """
        if self._document is not None:
            write_document(self._document, document)
            return
        show(*shown)


def with_output(command: Callable[..., None]) -> Callable[..., None]:
    """The command with `--quiet`, `--verbose` and `--json`; what it calls `output` is its Output.

    `--json` is in force before the command starts, see `Invocation`.
    """

    @wraps(command)
    def started(context: typer.Context, quiet: bool, verbose: bool, as_json: bool, **given: Any) -> None:
        passed = {"context": context} if "context" in own.parameters else {}
        command(output=Output(context, quiet, verbose), **passed, **given)

    own = signature(command)
    heads = [Parameter("context", Parameter.KEYWORD_ONLY, annotation=typer.Context)]
    tails = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in OPTIONS.items()
    ]
    between = [
        each.replace(kind=Parameter.KEYWORD_ONLY)
        for each in own.parameters.values()
        if each.name not in ("output", "context")
    ]
    parameters = [*heads, *between, *tails]
    started.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    started.__annotations__ = {each.name: each.annotation for each in parameters}
    return started


def show(*parts: RenderableType) -> None:
    """Print to standard output, one below the other: text as it is, tables as wide as the terminal."""
    console = Console(highlight=False, markup=False, emoji=False)
    for part in parts:
        (print if isinstance(part, str) else console.print)(part)
    sys.stdout.flush()  # a reader that has gone is noticed while typer handles it


def size_text(size: int) -> str:
    """A number of bytes as people read it: in MB, or in kB where it is below one MB."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def write_document(file: TextIO, document: Mapping[str, Any]) -> None:
    """One JSON document and a line end; a number that is not finite, which JSON cannot write, is null."""
    file.write(json_text(document) + "\n")
    file.flush()


def write_error(error: SparktuneError, document: TextIO | None) -> None:
    """The message on standard error; with `--json` also the document `{"error": {...}}`."""
    Console(stderr=True).print(f"[bold red]{type(error).__name__}[/]: ", end="")
    print(error, file=sys.stderr)
    if document is not None:
        write_error_document(type(error).__name__, str(error), error.exit_code, document)


def write_error_document(kind: str, message: str, exit_code: int, document: TextIO) -> None:
    """What `--json` answers where a command fails: `{"error": {"type", "message", "exit_code"}}`."""
    error = {"type": kind, "message": message, "exit_code": exit_code}
    write_document(document, {"error": error})
