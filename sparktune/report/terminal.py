"""What a person sees on the terminal: progress, the table of trials, what to do next."""

from pathlib import Path
from shlex import quote
from types import TracebackType
from typing import Any, Self, final

import pandas as pd
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from sparktune.report.ranking import FRONT, fact_columns, ranked, title
from sparktune.summary import AGAIN, BestTrial, Summary, way_on
from sparktune.tracking.mlflow.address import is_database
from sparktune.tracking.mlflow.view import runs_page, server_of
from sparktune.trial import param_texts

SHOWN = 10
MOST_COLUMNS = 5
LARGE = 1e15  # from here on whole numbers are written as 1.2e+15
NARROW = 60  # columns of a terminal that everything fits into


@final
class ProgressConsole(Console):
    """A console for progress: it falls silent where nobody reads it any more, as in `| head`."""

    def on_broken_pipe(self) -> None:
        """Nothing is shown from now on; rich itself would end the process."""
        self.quiet = True


@final
class StudyProgress:
    """A progress bar on standard error while a study runs; plain lines where that is no terminal.

    Args:
        console: where it is shown.
        name: the study's.
        done: trials that had ended before.
        total: trials in all, None where that is open.
    """

    def __init__(self, console: Console, name: str, done: int = 0, total: int | None = None) -> None:
        self._name = name
        self._done = done
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeLeftColumn(),
            TextColumn("{task.fields[best]}"),
            console=console,
            disable=not console.is_terminal,
            expand=True,
        )
        self._task = self._bar.add_task(name, completed=done, total=total, best="", ends=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def show_waiting(self, waiting: int) -> None:
        """Show beside the study's name how many paused trials wait for the pruner, if any do."""
        self._bar.update(self._task, description=f"{self._name}, {waiting} paused" if waiting else self._name)

    def update(self, line: str, done: int, total: int | None, best: str) -> None:
        """Show that one more trial ended: `line` tells which and how."""
        task = self._bar.tasks[self._task]
        ends = None
        if total is not None and done > self._done and task.elapsed:
            ends = task.get_time() + task.elapsed / (done - self._done) * (total - done)
        self._bar.update(self._task, completed=done, total=total, best=best, ends=ends)
        place = f"{done}/{total}" if total else f"{done}"
        self._bar.console.print(Text.assemble((place, "dim"), f" {line}"), soft_wrap=True)


@final
class TimeLeftColumn(ProgressColumn):
    """The time until a task's `ends`, a time of its clock; nothing where that is None.

    Unlike rich's own column it also knows the time left where a step takes minutes.
    """

    def render(self, task: Task) -> Text:
        """Hours, minutes and seconds left, if the trials to come take as long as those that ended."""
        ends: float | None = task.fields["ends"]
        if ends is None or task.finished:
            return Text("")
        minutes, seconds = divmod(max(0, round(ends - task.get_time())), 60)
        hours, minutes = divmod(minutes, 60)
        return Text(f"{hours}:{minutes:02}:{seconds:02} left" if hours else f"{minutes}:{seconds:02} left")


def trials_ranked(trials: pd.DataFrame, direction: str, width: int = NARROW) -> Table:
    """The best trials first, at most ten, with their parameters; then how many are not shown.

    With several objectives those of the Pareto front come first, and have a star.
    Parameters have a column each where that fits into `width` columns; else they stand one below the other.
    """
    best = ranked(trials, direction).head(SHOWN)
    params = [name for name in trials.columns if name.startswith("params.")]
    table = _table(best, params, apart=len(params) <= MOST_COLUMNS)
    if Console(width=10_000, markup=False, emoji=False).measure(table).maximum > width:
        table = _table(best, params, apart=False)
    if len(trials) > SHOWN:
        table.caption = f"and {len(trials) - SHOWN} more in trials.csv"
    return table


def _table(rows: pd.DataFrame, params: list[str], *, apart: bool) -> Table:
    """The rows with a column for each parameter, or with all parameters in one."""
    columns = [*fact_columns(rows), *(params if apart else [])]
    table = Table(
        title="Trials, best first", title_justify="left", box=None, padding=(0, 2, 0, 0), pad_edge=False
    )
    for name in columns:
        table.add_column(title(name), justify="left" if name == "state" else "right")
    if params and not apart:
        table.add_column("parameters", overflow="fold")
    for _, row in rows.iterrows():
        pairs = [f"{title(name)}={_cell(row[name])}" for name in params]
        together = ["\n".join(pairs)] if params and not apart else []
        cells = {name: _cell(row[name]) for name in columns}
        if FRONT in cells:
            cells[FRONT] = "*" if row[FRONT] else ""
        table.add_row(*cells.values(), *together)
    return table


def outcome_lines(summary: Summary, directory: Path, tracking_uri: str) -> list[str]:
    """What was found, where it lies, and what to do next."""
    counts = ", ".join(f"{count} {state}" for state, count in summary.states.items()) or "no trials"
    lines = [f"{summary.study}: {counts} in {summary.seconds:.1f} s"]
    if best := summary.best:
        lines += _best_lines(best, summary.objective.metric)
    if summary.pareto:
        names = ", ".join(metric.metric for metric in summary.objective.metrics)
        lines.append(
            f"pareto: {len(summary.pareto)} trials that no other one beats in all of {names} (summary.json)"
        )
    if summary.test:
        lines.append("test: " + ", ".join(f"{name} {value:.6g}" for name, value in summary.test.items()))
    if summary.bundle:
        lines.append(f"model: {summary.bundle}")
    lines.append(f"study: {directory} (trials.csv, summary.json)")
    if (directory / "report.html").is_file():
        lines.append(f"report: {directory / 'report.html'}")
    lines += _where_runs_are(summary, tracking_uri)
    if summary.stopped:
        lines.append(f"stopped by {summary.stopped}; {way_on(summary.stopped, summary.objective)} to go on")
    elif summary.unfinished:
        lines.append(f"{summary.unfinished} trials lost their executors too often; {AGAIN} to train them")
    return lines


def _best_lines(best: BestTrial, metric: str) -> list[str]:
    """The best trial in one line where that is short, else with a line for each parameter."""
    found = f"best: trial {best.trial}, {metric} {best.value:.6g} at epoch {best.epoch}"
    params = param_texts(best.params)
    line = f"{found} ({', '.join(params)})" if params else found
    return [line] if len(line) <= NARROW else [found, *(f"      {text}" for text in params)]


def _where_runs_are(summary: Summary, tracking_uri: str) -> list[str]:
    """The address of the study's runs in MLflow's web page; a database has none before `mlflow ui` runs."""
    if summary.mlflow is None:
        return []
    experiment, server = summary.mlflow["experiment_id"], server_of(tracking_uri)
    if server is None:
        return [f"runs: experiment {experiment} at {tracking_uri}"]
    page = server + runs_page(experiment, summary.study_id)
    if is_database(tracking_uri):
        return [f"runs: mlflow ui --backend-store-uri {quote(tracking_uri)}", f"      then open {page}"]
    return [f"runs: {page}"]


def _cell(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGE:
        return str(int(value))
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.6g}"
    return str(value)
