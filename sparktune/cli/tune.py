"""The command that runs a study: progress while it runs, its outcome after."""

import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sparktune.cli.options import Config, Offline, Overrides
from sparktune.cli.output import Output, with_output
from sparktune.spec import StudySpec, load_spec
from sparktune.trial import TrialState, param_texts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sparktune.study import Progress, StudyResult


@with_output
def tune_command(
    output: Output,
    context: typer.Context,
    config: Config,
    overrides: Overrides = None,
    timeout: Annotated[
        float | None,
        typer.Option(min=0.001, help="Seconds after which the search ends; the best so far is exported."),
    ] = None,
    retry: Annotated[
        str,
        typer.Option(
            metavar="STATES",
            help="Train trials of earlier runs again: failed, timed_out, out_of_memory, diverged, or several "
            "with commas between them.",
        ),
    ] = "",
    skip: Annotated[
        list[int] | None,
        typer.Option(metavar="TRIAL", help="Leave a launched trial out for good; may be given many times."),
    ] = None,
    offline: Offline = False,
) -> None:
    """Run the study of a YAML file; the same command again resumes it.

    Exit codes: 0 done, 1 the study failed, 2 bad input, 130 interrupted.
    """
    spec = load_spec(config, overrides or ())
    if not spec.resources.preload:
        context.obj.begun.close()
    choices = {"retry": [*filter(None, retry.split(","))], "skip": skip or []}
    result = tune_with_progress(spec, offline, timeout, output.quiet, **choices)
    output.answer({**result.summary, "directory": str(result.directory)}, *outcome(result))


def tune_with_progress(
    spec: StudySpec, offline: bool = False, timeout: float | None = None, quiet: bool = False, **choices: Any
) -> "StudyResult":
    """Run the study; standard error shows a progress bar and a line for each trial that ended.

    `choices` are the arguments `retry` and `skip` of `tune`.
    """
    from sparktune.report import StudyProgress
    from sparktune.report.terminal import ProgressConsole
    from sparktune.study import tune

    done, total = known_before(spec)
    with StudyProgress(ProgressConsole(stderr=True, quiet=quiet), spec.study.name, done, total) as bar:

        def on_progress(progress: "Progress") -> None:
            bar.show_waiting(progress.waiting)
            if progress.result.state in (TrialState.KILLED, TrialState.PAUSED):
                return  # there may be dozens; the outcome says how many
            result, best = progress.result, progress.best
            params = "".join(f" {text}" for text in param_texts(result.params))
            ending = f"{result.value:.6g}" if result.value is not None else str(result.state)
            reason = f" ({result.complaint})" if result.error else ""
            line = f"trial {result.trial}:{params} -> {ending}{reason}"
            best_so_far = f"best {best.value:.6g} (trial {best.trial})" if best else ""
            bar.update(line, progress.done, progress.total, best_so_far)

        return tune(spec, offline=offline, timeout=timeout, on_progress=on_progress, **choices)


def known_before(spec: StudySpec) -> tuple[int, int | None]:
    """Trials of earlier runs, and trials in all (None where that is open), before anything has started.

    What is wrong with the study's ledger is for `tune` to say.
    """
    from sparktune.ledger.ownership import LEDGER
    from sparktune.ledger.reading import read_ledger
    from sparktune.ledger.state import LedgerState
    from sparktune.search import build_sampler

    earlier = LedgerState("maximize")
    with suppress(OSError):  # a new study
        earlier.replay(read_ledger(spec.study_directory / LEDGER).events)
    return len(earlier.results), build_sampler(spec).size


def outcome(result: "StudyResult") -> "list[RenderableType]":
    """The table of trials and what to do next."""
    from sparktune.report import outcome_lines, trials_ranked

    width = shutil.get_terminal_size().columns
    table = trials_ranked(result.trials, result.outcome.objective.direction, width)
    return [table, *outcome_lines(result.outcome, result.directory, result.spec.tracking.uri)]
