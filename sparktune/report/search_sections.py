"""The parts of the page about the search: what was found, over what, and how it came about."""

from collections import Counter
from datetime import UTC, datetime
from html import escape

from sparktune.report.axis import short
from sparktune.report.importance import Importance, comparable
from sparktune.report.markup import charts, duration, parameter, section, share_bar, table, tile, wide
from sparktune.report.record import StudyRecord
from sparktune.report.series import GROUPS, axis_of, parameters
from sparktune.report.svg.curves import curve_charts
from sparktune.report.svg.parallel import MOST_AXES, legend, parallel_chart
from sparktune.report.svg.trials import history_chart, multiples, parameter_chart, time_chart
from sparktune.spec import Range

MOST_PARAMETERS = 12


def ranked_parameters(study: StudyRecord, importance: tuple[Importance, ...] | None) -> tuple[str, ...]:
    """The parameters that differ, the most important ones first where that is known."""
    shares = {entry.name: entry.share for entry in importance or ()}
    return tuple(sorted(parameters(study), key=lambda name: -shares.get(name, 0.0)))


def summary_section(study: StudyRecord) -> str:
    """What was found: figures, and the best parameters beside the baseline's."""
    metric, best, baseline = study.objective.metric, study.best, study.baseline
    counts = Counter(str(trial.state) for trial in study.trials)
    day = datetime.fromtimestamp(study.created, UTC).strftime("%Y-%m-%d %H:%M UTC")
    states = ", ".join(f"{count} {state.lower()}" for state, count in sorted(counts.items())) or "no trials"
    total = f"of {study.total} trials: " if study.total and study.total > len(study.trials) else ""
    tiles = [
        tile(best.value if best else "none", f"best {metric}" + (f", trial {best.number}" if best else ""))
    ]
    if best and baseline and baseline is not best:
        tiles.append(tile(baseline.value, f"baseline {metric}, trial {baseline.number}"))
    if study.error_lowered:
        tiles.append(tile(f"{study.error_lowered:.0%}", "less error than the baseline", "good"))
    measured = study.objective.metric.removeprefix("val_")
    if study.test and measured in study.test:
        tiles.append(tile(study.test[measured], f"test {measured}"))
    tiles.append(tile(len(study.trials), f"{total}{states}"))
    tiles.append(tile(duration(study.seconds), "in all"))
    kinds = escape(" or ".join(model.kind for model in study.spec.models))
    about = f"{study.status.lower()} - {kinds} - started {day} - id {study.study_id[:8]}"
    head = f'<header><h1>{escape(study.name)}</h1><p class="muted">{about}</p></header>\n'
    return f'{head}<div class="tiles">{"".join(tiles)}</div>{_best_table(study)}\n'


def _best_table(study: StudyRecord) -> str:
    """The parameters of the best trial beside those of the baseline."""
    best, baseline = study.best, study.baseline
    if best is None:
        return "<p>No trial has a value yet.</p>"
    if baseline is None or baseline is best or not parameters(study):
        same = '<p class="muted">It is the trial nearest to the middle of the space, the baseline.</p>'
        shown = table(["parameter", "best"], [(name, short(value)) for name, value in best.params.items()])
        return (shown if best.params else "") + (same if baseline is best else "")
    rows = [(name, short(value), parameter(baseline.params, name)) for name, value in best.params.items()]
    says = (
        '<p class="muted">The baseline is the trial nearest to the middle of the space: what one would have '
        "taken without a search.</p>"
    )
    header = ["parameter", f"best (trial {best.number})", f"baseline (trial {baseline.number})"]
    return table(header, rows) + says


def history_section(study: StudyRecord) -> str:
    """Values over trials and over time; nothing without values."""
    if not study.valued:
        return ""
    lead = '<i class="key"></i>a trial <i class="key c1"></i>best so far'
    return section("History", charts([history_chart(study), time_chart(study)]), lead=lead)


def parameter_section(study: StudyRecord, names: tuple[str, ...]) -> str:
    """Values over each parameter that differs between trials, and over two of them."""
    if not study.valued or not names:
        return ""
    single = charts(parameter_chart(study, name) for name in names[:MOST_PARAMETERS])
    left = len(names) - MOST_PARAMETERS
    more = f'<p class="muted">{left} further parameters are in trials.csv.</p>' if left > 0 else ""
    lead = f"{escape(study.objective.metric)} of each trial; the line joins the best of each value."
    return section("Parameters", single, more, _pair(study, names), lead=lead)


def _pair(study: StudyRecord, names: tuple[str, ...]) -> str:
    """Small multiples: one parameter lies across, another one tells the charts apart."""
    if len(names) < 2:
        return ""
    numbers = [name for name in names if axis_of(study, name).kind != "category"]
    name = max(numbers or names[:1], key=lambda number: _suits_across(study, number))
    others = [other for other in names if other != name]
    values = {other: {repr(trial.params.get(other)) for trial in study.trials} for other in others}
    by = next((other for other in others if len(values[other]) <= GROUPS), others[0])
    title = f"<h3>{escape(study.objective.metric)} against {escape(name)} by {escape(by)}</h3>"
    return title + charts(multiples(study, name, by), "small")


def _suits_across(study: StudyRecord, name: str) -> tuple[bool, bool, float]:
    """Greater where a parameter suits the horizontal axis: the learning rate, a log range, a wide span."""
    axis, domain = axis_of(study, name), study.spec.search.space.get(name)
    log = isinstance(domain, Range) and domain.log
    return name == "learning_rate", log, axis.high / axis.low if axis.low > 0 else 0.0


def parallel_section(study: StudyRecord, names: tuple[str, ...]) -> str:
    """All trials over all parameters."""
    if not study.valued or not names:
        return ""
    lead = (
        'Every trial is a line; <i class="key c1"></i>the best one, <i class="key lost"></i>without a value.'
    )
    left = ", ".join(escape(name) for name in names[MOST_AXES:])
    more = f'<p class="muted">{MOST_AXES} of {len(names)} parameters are shown, without {left}.</p>'
    chart = wide(parallel_chart(study, names))
    return section("Parallel coordinates", legend(), chart, more if left else "", lead=lead)


def importance_section(study: StudyRecord, importance: tuple[Importance, ...] | None) -> str:
    """The importance of parameters, or how to have it; nothing where the study cannot give it."""
    if importance is None:
        hint = "<code>sparktune report DIR</code> adds how much each parameter matters; it needs Optuna."
        return f'<p class="muted">{hint}</p>' if comparable(study) else ""
    rows = [(entry.name, share_bar(entry.share)) for entry in importance[:20]]
    lead = "How much each parameter sets the best trials apart from all (PED-ANOVA), in shares of 100 %."
    return section("Importance", table(["parameter", "share"], rows), lead=lead)


def curve_section(study: StudyRecord) -> str:
    """The learning curves of the best trials; nothing where they have one epoch."""
    if not any(len(trial.history.get(study.objective.metric, ())) > 1 for trial in study.valued[:1]):
        return ""
    lead = (
        f'<i class="key"></i>{escape(study.objective.metric)} <i class="key c1 dashed"></i>the same on the '
        "training split, where it is measured; the gap is training minus validation at the best epoch (dot)."
    )
    return section("Learning curves of the best trials", charts(curve_charts(study), "small"), lead=lead)
