"""A study on the terminal: progress while it runs, its outcome after."""

from contextlib import suppress

from rich.console import Console

from sparktune.report import StudyProgress, outcome_lines, trials_ranked
from sparktune.spec import StudySpec
from sparktune.study import Progress, StudyResult, tune
from sparktune.trial import TrialState


def tune_with_progress(spec: StudySpec, offline: bool = False, timeout: float | None = None) -> StudyResult:
    """Run the study; standard error shows a progress bar and a line for each trial that ended."""
    with StudyProgress(Console(stderr=True), spec.study.name) as bar:

        def on_progress(progress: Progress) -> None:
            if progress.result.state is TrialState.KILLED:
                return  # there may be dozens; the outcome says how many
            with suppress(BrokenPipeError):  # nobody reads the output any more, but the study goes on
                result, best = progress.result, progress.best
                params = "".join(f" {name}={value}" for name, value in result.params.items())
                ending = f"{result.value:.6g}" if result.value is not None else str(result.state)
                reason = f" ({result.complaint})" if result.error else ""
                line = f"trial {result.trial}:{params} -> {ending}{reason}"
                best_so_far = f"best {best.value:.6g} (trial {best.trial})" if best else ""
                bar.update(line, progress.done, progress.total, best_so_far)

        return tune(spec, offline=offline, timeout=timeout, on_progress=on_progress)


def show_outcome(result: StudyResult) -> None:
    """The table of trials and what to do next, on standard output."""
    console = Console(highlight=False)
    console.print(trials_ranked(result.trials, result.outcome.objective.direction))
    for line in outcome_lines(result.outcome, result.directory, result.spec.tracking.uri):
        console.print(line, markup=False, soft_wrap=True)
