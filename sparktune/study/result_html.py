"""The result of a study as HTML, for a notebook."""

from contextlib import suppress
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from sparktune.errors import StudyDirectoryError
from sparktune.summary import Summary

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 10  # rows of the table of trials
# Colours of the page where it is shown, which may be dark: notebooks have themes of their own.
STYLE = """
.sparktune-study svg { display: block; max-width: 460px; overflow: visible; }
.sparktune-study text { fill: currentColor; font-size: 12px; }
.sparktune-study .grid, .sparktune-study .base { stroke: currentColor; stroke-opacity: 0.2; }
.sparktune-study path { fill: none; stroke-width: 2; }
.sparktune-study .c0 { stroke: #2f80c2; fill: #2f80c2; fill-opacity: 0.6; }
.sparktune-study path.c0 { fill: none; stroke-width: 4; stroke-linecap: round; }
.sparktune-study .line.c1 { stroke: #d9730d; }
.sparktune-study .dot.c1 { fill: #d9730d; }
.sparktune-study .ring { fill: none; stroke: currentColor; stroke-width: 2; }
"""


def result_html(outcome: Summary, trials: "pd.DataFrame", directory: Path) -> str:
    """The best trial, the table of the best ten, and the chart of all where their folder is there.

    With several objectives the Pareto front comes first, and the chart shows it.
    """
    best, found = outcome.best, "no trial has a value"
    if best is not None:
        settings = "".join(f" {name}={value}" for name, value in best.params.items())
        metric = escape(outcome.objective.metric)
        found = f"best {metric} <b>{best.value:.6g}</b>, trial {best.trial}{escape(settings)}"
    title = f"<p><b>{escape(outcome.study)}</b>: {found}</p>"
    table = _table(trials, outcome.objective.direction)
    return f'<div class="sparktune-study">{title}{table}{_chart(directory)}</div>'


def _chart(directory: Path) -> str:
    """The value of each trial and the best so far, or the front; nothing where their folder is gone."""
    from sparktune.report.reading import read_study
    from sparktune.report.svg.pareto import pareto_charts
    from sparktune.report.svg.trials import history_chart

    with suppress(StudyDirectoryError, OSError):
        study = read_study(directory)
        charts = pareto_charts(study) or [history_chart(study)]
        return f"<style>{STYLE}</style>{''.join(charts)}" if len(study.valued) > 1 else ""
    return ""


def _table(trials: "pd.DataFrame", direction: str) -> str:
    from sparktune.report.ranking import fact_columns, ranked, title

    params = [column for column in trials.columns if column.startswith("params.")]
    columns = [*fact_columns(trials), *params]
    table = ranked(trials, direction)[columns].head(SHOWN).rename(columns=title)
    html: str = table.to_html(index=False, border=0, na_rep="", float_format="{:.6g}".format)
    hidden = len(trials) - SHOWN
    return html + (f"<p>and {hidden} more in trials.csv</p>" if hidden > 0 else "")
