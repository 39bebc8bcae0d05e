"""The part of the page about several objectives: the trials that no other one beats in all of them."""

from html import escape

from sparktune.report.markup import charts, parameter, section, table
from sparktune.report.record import StudyRecord
from sparktune.report.series import parameters
from sparktune.report.svg.pareto import pareto_charts

MOST_ROWS = 30


def pareto_section(study: StudyRecord) -> str:
    """The Pareto front as charts and as a table; nothing with one objective."""
    if not study.pareto:
        return ""
    names, params = [o.metric for o in study.objective.metrics], parameters(study)
    rows = [
        (t.number, *(t.values[name] for name in names), *(parameter(t.params, name) for name in params))
        for t in study.pareto[:MOST_ROWS]
    ]
    hidden = len(study.pareto) - MOST_ROWS
    more = f'<p class="muted">and {hidden} more in summary.json.</p>' if hidden > 0 else ""
    lead = (
        f'<i class="key c1"></i>the {len(study.pareto)} trials that no other one beats in all of '
        f'{escape(", ".join(names))} <i class="key"></i>all others; the ring is the best by '
        f"{escape(study.objective.metric)}, whose model was exported."
    )
    found = table(["trial", *names, *params], rows)
    return section("Pareto front", charts(pareto_charts(study)), found, more, lead=lead)
