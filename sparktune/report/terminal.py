"""What a person sees on the terminal: progress, the table of trials, what to do next."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self, final

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from sparktune.summary import Summary

SHOWN = 10
MOST_COLUMNS = 5
FACTS = ("trial", "state", "value", "seconds")


@final
class StudyProgress:
    """A progress bar on standard error while a study runs; plain lines where that is no terminal."""

    def __init__(self, console: Console, name: str) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[best]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(name, total=None, best="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def update(self, line: str, done: int, total: int | None, best: str) -> None:
        """Show that one more trial ended: `line` tells which and how."""
        self._bar.update(self._task, completed=done, total=total, best=best)
        place = f"{done}/{total}" if total else f"{done}"
        self._bar.console.print(f"[dim]{place}[/] {line}", highlight=False)


def trials_ranked(trials: pd.DataFrame, direction: str) -> Table:
    """The best trials first, at most ten, with their parameters; then how many are not shown.

    Few parameters have a column each; many stand one below the other.
    """
    ranked = trials.sort_values("value", ascending=direction == "minimize", na_position="last", kind="stable")
    params = [name for name in trials.columns if name.startswith("params.")]
    columns = params if len(params) <= MOST_COLUMNS else []
    table = Table(title="Trials, best first", title_justify="left")
    for name in (*FACTS, *columns):
        table.add_column(name.removeprefix("params."), justify="left" if name == "state" else "right")
    if not columns and params:
        table.add_column("parameters")
    for _, row in ranked.head(SHOWN).iterrows():
        pairs = [f"{name.removeprefix('params.')}={_cell(row[name])}" for name in params]
        together = [] if columns or not params else ["\n".join(pairs)]
        table.add_row(*(_cell(row[name]) for name in (*FACTS, *columns)), *together)
    if len(ranked) > SHOWN:
        table.caption = f"and {len(ranked) - SHOWN} more in trials.csv"
    return table


def outcome_lines(summary: Summary, directory: Path, tracking_uri: str) -> list[str]:
    """What was found, where it lies, and what to do next."""
    counts = ", ".join(f"{count} {state}" for state, count in summary.states.items()) or "no trials"
    lines = [f"{summary.study}: {counts} in {summary.seconds:.1f} s"]
    if best := summary.best:
        params = ", ".join(f"{name}={value}" for name, value in best.params.items())
        found = f"{summary.objective.metric} {best.value:.6g} at epoch {best.epoch}"
        lines.append(f"best: trial {best.trial}, {found}" + (f" ({params})" if params else ""))
    if summary.test:
        lines.append("test: " + ", ".join(f"{name} {value:.6g}" for name, value in summary.test.items()))
    if summary.bundle:
        lines.append(f"model: {summary.bundle}")
    lines.append(f"study: {directory} (trials.csv, summary.json)")
    if summary.mlflow:
        lines.append(f"runs: mlflow ui --backend-store-uri {tracking_uri}")
    if summary.stopped:
        lines.append(f"stopped by {summary.stopped}; run the same command again to go on")
    return lines


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.6g}"
    return str(value)
